"""What of the caller's environment the product of a demo gets: what a process needs, and a language model if asked for.

Nothing else: whoever tries the demo may have the addresses and keys of real systems there, and it must not touch them.
"""

from collections.abc import Mapping

MODEL = "NIGHTSHIFT_MODEL"
_NEEDED = (
    "PATH", "HOME", "USER", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "TERM", "NO_COLOR", "LD_LIBRARY_PATH",
    "XDG_RUNTIME_DIR", "XDG_CACHE_HOME", "SSL_CERT_FILE", "SSL_CERT_DIR", "SYSTEMROOT",
)  # fmt: skip
_MODEL = (
    MODEL, "NIGHTSHIFT_MODEL_PRICES", "NIGHTSHIFT_MODEL_TEMPERATURE", "NIGHTSHIFT_MODEL_USD_PER_INCIDENT",
    "NIGHTSHIFT_MODEL_USD_PER_HOUR", "NIGHTSHIFT_MODEL_STEPS", "NIGHTSHIFT_MODEL_LOOKS", "NIGHTSHIFT_MODEL_TOKENS",
    "NIGHTSHIFT_MODEL_WITHIN_S", "OPENAI_API_KEY", "OPENAI_BASE_URL", "HTTPS_PROXY", "https_proxy", "NO_PROXY",
    "no_proxy",
)  # fmt: skip


def kept(caller: Mapping[str, str]) -> dict[str, str]:
    """Those of the caller's variables that the product gets; the model's only where a model is named."""
    asked = _MODEL if caller.get(MODEL) else ()
    return {name: caller[name] for name in (*_NEEDED, *asked) if name in caller} | {
        name: value for name, value in caller.items() if name.startswith("PYTHON")
    }


def model_line(caller: Mapping[str, str]) -> str | None:
    """What the screen says of it, None: no language model takes part."""
    if not caller.get(MODEL):
        return None
    where = caller.get("OPENAI_BASE_URL") or "OpenAI"
    return f"{caller[MODEL]} at {where}, as your environment says: masked evidence is sent there"
