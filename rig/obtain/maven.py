"""Fetching Java libraries with Maven, which checks them against the repository's checksums."""

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from rig.obtain.lookup import from_path
from rig.obtain.missing import Missing
from rig.obtain.progress import OnProgress, Step

OLDEST_JAVA = 17
COPY_DEPENDENCIES = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies"

_PROJECT = """<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>nightshift.rig</groupId><artifactId>libraries</artifactId><version>1</version>
  <packaging>pom</packaging>
  <dependencies>{dependencies}</dependencies>
</project>
"""
_DEPENDENCY = """<dependency>
    <groupId>{0}</groupId><artifactId>{1}</artifactId><version>{2}</version>
  </dependency>"""


def require(name: str) -> Path:
    """The `mvn` command; Missing when there is none."""
    if mvn := from_path("mvn"):
        return mvn
    raise Missing(name, "there is no Maven to fetch it with", "install the Debian package maven")


def java_program(name: str, program: str) -> Path:
    """`java`, `javac` or `jar` from JAVA_HOME, else PATH; Missing when there is none or it is too old."""
    home = os.environ.get("JAVA_HOME")
    path = Path(home) / "bin" / program if home else from_path(program)
    remedy = f"install a JDK {OLDEST_JAVA} or newer (Debian package openjdk-17-jdk-headless)"
    if path is None or not path.exists():
        raise Missing(name, f"there is no `{program}` in JAVA_HOME or on PATH", remedy)
    if program == "java" and (version := java_version(path)) < OLDEST_JAVA:
        raise Missing(name, f"Java {version} is too old", remedy)
    return path


def java_version(java: Path) -> int:
    """The number of the Java platform, such as 17."""
    argv = [java, "-XshowSettings:properties", "-version"]
    text = subprocess.run(argv, capture_output=True, text=True, check=True).stderr
    line = next(line for line in text.splitlines() if "java.specification.version" in line)
    return int(line.partition("=")[2].strip().partition(".")[0])


def copy_with_dependencies(
    mvn: Path, coordinates: Sequence[str], into: Path, step: tuple[str, float], on_progress: OnProgress
) -> None:
    """Copy the jars of each `group:artifact:version`, and all that they need at run time, into a folder."""
    into.mkdir(parents=True)
    project = into / "pom.xml"
    dependencies = "".join(_DEPENDENCY.format(*each.split(":")) for each in coordinates)
    project.write_text(_PROJECT.format(dependencies=dependencies))
    flags = ["--quiet", "--batch-mode", "--strict-checksums", "--file", str(project)]
    argv = [str(mvn), *flags, COPY_DEPENDENCIES, "-DincludeScope=runtime", f"-DoutputDirectory={into}"]
    # Java asks the user database for the home, where a container often has another one than HOME says.
    options = f"{os.environ.get('MAVEN_OPTS', '')} -Duser.home={Path.home()}".strip()
    Step(step[0], argv, step[1], cwd=into, env={"MAVEN_OPTS": options}).run(on_progress)
    project.unlink()
