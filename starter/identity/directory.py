"""The people of this installation, and how each is recognised."""

import asyncio

from domain.people import People, Person
from starter.identity import tokens

# Each comparison takes 16 MB and some 50 ms: a flood of guesses must not take the machine.
_AT_ONCE = 2


class Directory:
    """Looks people up: by name, by Slack user, by address; and by their token, in a thread."""

    def __init__(self, people: People) -> None:
        self._people = people
        self._turn = asyncio.Semaphore(_AT_ONCE)
        self._by_selector = {tokens.selector_in(p.token.get_secret_value()): p for p in people.people if p.token}

    @property
    def empty(self) -> bool:
        """Is nobody known?"""
        return not self._people.people

    def named(self, name: str) -> Person | None:
        return self._people.named(name)

    def on_slack(self, slack: str) -> Person | None:
        """The person whose Slack user this is; who is not in the file is nobody."""
        return self._people.on_slack(slack)

    def with_email(self, email: str) -> Person | None:
        return self._people.with_email(email)

    def expects(self, token: str) -> bool:
        """May it be one of ours, by its selector? Who cannot know one is kept waiting first when too many guess."""
        return tokens.selector_of(token) in self._by_selector

    async def with_token(self, token: str) -> Person | None:
        """Whose token it is. Takes as long for a wrong one, and for one of nobody."""
        person = self._by_selector.get(tokens.selector_of(token))
        hashed = person.token.get_secret_value() if person is not None and person.token is not None else None
        async with self._turn:
            fitting = await asyncio.to_thread(tokens.fits, token, hashed)
        return person if fitting else None
