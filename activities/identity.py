"""Identity: is the proof that came with a person's word genuine? Only a worker that holds the key can tell."""

from pydantic import AwareDatetime, SecretStr
from temporalio import activity

from domain.model import Model
from domain.proof import Seal, Word, objection


class Sealed(Model):
    """A word with its seal, and when it came in by the workflow's clock."""

    word: Word
    seal: Seal
    at: AwareDatetime


class IdentityActivities:
    """The key never leaves the process: history holds the seal, and what speaks against it."""

    def __init__(self, key: SecretStr | None) -> None:
        self._key = key

    @activity.defn
    def check_proof(self, sealed: Sealed) -> str | None:
        """What speaks against the proof; None: whoever sealed the word knows the key."""
        if self._key is None:
            return "the worker has no NIGHTSHIFT_IDENTITY_KEY, so nobody can prove who they are"
        return objection(sealed.word, sealed.seal, self._key.get_secret_value().encode(), sealed.at)
