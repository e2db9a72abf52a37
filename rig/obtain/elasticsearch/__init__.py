"""Elasticsearch: the published server libraries, unmodified, from Maven, with a small launcher of our own.

Its licence allows use, so it is fetched when it is needed and never handed on. Not in these libraries:
scripting with Painless, ingest processors, data streams, ES|QL, security.
"""

import shutil
import zipfile
from pathlib import Path

from rig import cache
from rig.obtain import maven
from rig.obtain.progress import OnProgress, Step, silent

NAME = "Elasticsearch"
VERSION = "8.19.21"  # the newest that runs on Java 17, and of the line that the product's client speaks
EXPECTED_SECONDS = 30.0
_SOURCES = Path(__file__).parent
_MODULES_ON_PATH = ("--add-modules", "ALL-MODULE-PATH")
_BANNER = f"""description=Answers GET / and HEAD /
name=banner
version={VERSION}
elasticsearch.version={VERSION}
java.version={maven.OLDEST_JAVA}
classname=nightshift.banner.BannerPlugin
"""


def find() -> Path | None:
    """The cache's entry: lib/ (server), launcher/ (classes), modules/, config/."""
    return cache.find("elasticsearch", VERSION)


def obtain(on_progress: OnProgress = silent) -> Path:
    """The entry, fetched and compiled where it is not found; Missing without Maven and a JDK."""
    maven.java_program(NAME, "java")
    if found := find():
        return found
    maven.require(NAME)
    maven.java_program(NAME, "javac")
    return cache.make("elasticsearch", VERSION, lambda folder: _build(folder, on_progress))


def _build(folder: Path, on_progress: OnProgress) -> None:
    _fetch(folder, on_progress)
    _compile(folder, on_progress)
    (folder / "config").mkdir()
    shutil.copy(_SOURCES / "log4j2.properties", folder / "config")
    (folder / "config" / "elasticsearch.yml").touch()


def _fetch(folder: Path, on_progress: OnProgress) -> None:
    """The server to lib/, the HTTP module, less what the server has already, to modules/transport-netty4/."""
    mvn, module = maven.require(NAME), folder / "modules" / "transport-netty4"
    step = ("fetching Elasticsearch", EXPECTED_SECONDS)
    server, netty = "org.elasticsearch:elasticsearch", "org.elasticsearch.plugin:transport-netty4"
    maven.copy_with_dependencies(mvn, [f"{server}:{VERSION}"], folder / "lib", step, on_progress)
    maven.copy_with_dependencies(mvn, [f"{netty}:{VERSION}"], module, step, on_progress)
    for jar in (folder / "lib").iterdir():
        (module / jar.name).unlink(missing_ok=True)
    _unpack_descriptor(module)


def _unpack_descriptor(module: Path) -> None:
    inside = "META-INF/es-plugins/transport-netty4/"
    with zipfile.ZipFile(module / f"transport-netty4-{VERSION}.jar") as jar:
        for name in jar.namelist():
            if name.startswith(inside) and not name.endswith("/"):
                (module / name.removeprefix(inside)).write_bytes(jar.read(name))


def _compile(folder: Path, on_progress: OnProgress) -> None:
    """The launcher to launcher/, the banner plugin to modules/banner/."""
    module = folder / "modules" / "banner"
    _javac(["SingleNode"], folder, folder / "launcher", on_progress)
    _javac(["BannerPlugin", "BannerHandler"], folder, folder / "classes", on_progress)
    module.mkdir()
    jar = [str(maven.java_program(NAME, "jar")), "cf", str(module / "banner.jar"), "-C", "classes", "."]
    Step("packing Elasticsearch's plugin", jar, 1.0, cwd=folder).run(on_progress)
    shutil.rmtree(folder / "classes")
    (module / "plugin-descriptor.properties").write_text(_BANNER)


def _javac(sources: list[str], folder: Path, into: Path, on_progress: OnProgress) -> None:
    files = [str(_SOURCES / f"{source}.java") for source in sources]
    compiler = str(maven.java_program(NAME, "javac"))
    argv = [compiler, "-d", str(into), "-p", str(folder / "lib"), *_MODULES_ON_PATH, *files]
    Step("compiling Elasticsearch's launcher", argv, 5.0).run(on_progress)
