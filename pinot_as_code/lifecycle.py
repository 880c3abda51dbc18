"""What the life cycles of all resources share: configuration, checks of arguments, creation that adopts.

Provider classes are pickled into the stack's state by reference. They therefore have no instance attributes
until `configure` runs in the provider process, and their module and class names never change.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, get_args

import pulumi
from pulumi.dynamic import CheckFailure, CheckResult, ConfigureRequest, DiffResult, ResourceProvider
from pulumi.runtime.rpc import UNKNOWN

from .arguments import Adopt
from .comparison import differences
from .connection import client_for
from .documents import DocumentError, canonical, parse
from .errors import (
    CredentialsError,
    FailedError,
    OutcomeUnknownError,
    PinotError,
    RefusedError,
    UnreachableError,
    UnrecognisedKeysError,
    UnsupportedError,
)
from .guards import refusals, unknown_words, words_of
from .transport import Deadline

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from .client import PinotClient
    from .documents import Document
    from .losses import Change
    from .validation.finding import Finding
    from .vocabulary import Kind

PROVIDER_KEY: Final = "__provider"
CHECK_SECONDS: Final = 20.0
"""How long a check may ask the controller."""
READ_SECONDS: Final = 60.0
"""How long a refresh may ask about one object."""
_LONGEST_OPERATION: Final = 24 * 3600
_SILENCE_SECONDS: Final = 30.0
"""How long checks stay offline after nobody answered; meanwhile the controller may be started."""

Properties = Mapping[str, Any]


class PinotProvider(ResourceProvider):
    """Base of the providers. An instance lives for one run of the engine and is shared by its threads."""

    serialize_as_secret_always = False

    _client: PinotClient
    _made: set[str]

    def configure(self, req: ConfigureRequest) -> None:
        """Read the controller's URL and our credentials; called once a process, before anything else."""
        self._client = client_for(req.config)
        self._made = set()

    @property
    def client(self) -> PinotClient:
        """The controller."""
        return self._client

    def own(self, identity: str) -> None:
        """Note that a resource of this run made or adopted an object."""
        self._made.add(identity)

    def owned(self, identity: str) -> bool:
        """Say whether another resource of this run took an object over.

        A resource whose Pulumi name changes is created (which adopts the object) and then deleted
        under the old name; deleting the object then would take it away from its new owner.
        """
        return identity in self._made

    def stays(self, what: str, identity: str) -> bool:
        """Say, to the user too, whether an object must not be deleted because it is `owned`."""
        if self.owned(identity):
            pulumi.log.info(f"{what} {identity} belongs to another resource of this program now and stays")
        return self.owned(identity)


class Inspection:
    """What a check finds out about a resource's arguments."""

    def __init__(self, kind: str, news: Properties) -> None:
        """Begin with the arguments that every resource has: the guards' words, adoption, the time limit.

        :param kind: ``schema``, ``table`` … as the guards call it.
        :param news: The properties as they came; they may hold unknown values during a preview.
        """
        self.kind = kind
        self.inputs: dict[str, Any] = without_provider(news)
        self.failures: list[str] = []
        self.allow = self._words()
        """The guards' words that are given."""
        self._timeout()
        self.one_of("adopt", get_args(Adopt))

    def fail(self, key: str, reason: str) -> None:
        """Record what is wrong with an argument."""
        self.failures.append(f"{key}: {reason}")

    def result(self) -> CheckResult:
        """Return what Pulumi wants to know: one failure, which tells everything.

        It names no property: Pulumi would print that property's value, a whole table with whatever secrets it
        holds, in front of what is wrong with it.
        """
        text = "\n".join(f"  {failure}" for failure in self.failures)
        return CheckResult(self.inputs, [CheckFailure("", f"\n{text}")] if self.failures else [])

    def _words(self) -> tuple[str, ...]:
        """Return the guards' words; one that no guard knows is a mistake."""
        allow = self.inputs.get("allow")
        if unknown(allow) or not isinstance(allow, list):
            return ()
        for word in unknown_words(self.kind, allow):
            self.fail("allow", f"{word!r} is no word of a guard; there are: {', '.join(words_of(self.kind))}")
        return tuple(str(word) for word in allow)

    def one_of(self, key: str, allowed: tuple[str, ...]) -> None:
        """Check an argument that takes one of some words."""
        value = self.inputs.get(key)
        if value is not None and not unknown(value) and value not in allowed:
            self.fail(key, f"is {value!r}; allowed: {', '.join(allowed)}")

    def _timeout(self) -> None:
        value = self.inputs.get("timeout_seconds")
        if value is None or unknown(value):
            return
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not (number and 0 < value <= _LONGEST_OPERATION):
            self.fail("timeout_seconds", f"is {value!r}; wanted: seconds, up to {_LONGEST_OPERATION}")

    def document(self, key: str) -> Document | None:
        """Return the document of an argument and put its canonical text into the inputs.

        None when it is not known yet (a preview), or is no JSON object (recorded as a failure).
        """
        value = self.inputs.get(key)
        if unknown(value):
            return None
        if not isinstance(value, str) or not value.strip():
            self.fail(key, "is missing; a JSON object is wanted")
            return None
        try:
            document = parse(value)
        except DocumentError as error:
            self.fail(key, str(error))
            return None
        self.inputs[key] = canonical(document)
        return document

    def findings(self, key: str, found: Iterable[Finding]) -> None:
        """Record the findings of the validation rules, each once."""
        forgiving = "unknown-keys" in self.allow
        seen: set[str] = set()
        for finding in found:
            text = str(finding)
            if text not in seen and not (forgiving and finding.unknown_key):
                self.fail(key, text)
            seen.add(text)

    def guarded(self, key: str, change: Change) -> None:
        """Record the changes that are refused."""
        for refusal in refusals(change, self.allow):
            self.fail(key, str(refusal))

    def ask(self, key: str, client: PinotClient, question: Callable[[Deadline], None]) -> None:
        """Ask the controller about an argument, when it answers.

        On the first `up` of an environment it does not run yet; then this is left to the operation,
        which fails if it still does not run. That is said, but not for each resource.
        """
        if time.monotonic() < client.silent_until:
            return
        try:
            question(Deadline.after(CHECK_SECONDS))
        except (UnreachableError, OutcomeUnknownError) as error:
            client.silent_until = time.monotonic() + _SILENCE_SECONDS
            pulumi.log.warn(
                f"the Pinot controller at {client.url} does not answer yet ({error}). What follows is "
                "checked offline only; what only it can check is checked when it is made."
            )
        except UnsupportedError as error:
            pulumi.log.info(f"The controller cannot check this in advance: {error}")
        except (RefusedError, FailedError, UnrecognisedKeysError) as error:
            what = "pinot:username" if isinstance(error, CredentialsError) else key
            self.fail(what, str(error))


def unknown(value: object) -> bool:
    """Say whether a value will only be known once other resources are made (it can occur in previews)."""
    if isinstance(value, str):
        return value == UNKNOWN
    if isinstance(value, list):
        return any(unknown(item) for item in value)
    if isinstance(value, dict):
        return any(unknown(item) for item in value.values())
    return False


def document_of(properties: Properties, key: str) -> Document | None:
    """Return the document of a property of an earlier run; None when it is missing or no document."""
    value = properties.get(key)
    if not isinstance(value, str) or unknown(value):
        return None
    try:
        return parse(value)
    except DocumentError:
        return None


def words_in(properties: Properties) -> tuple[str, ...]:
    """Return the guards' words of a resource's properties."""
    allow = properties.get("allow")
    return tuple(str(word) for word in allow) if isinstance(allow, list) else ()


def deadline_of(properties: Properties, default: float) -> Deadline:
    """Return until when an operation may go on."""
    value = properties.get("timeout_seconds")
    return Deadline.after(float(value) if isinstance(value, int | float) else default)


def without_provider(properties: Properties) -> dict[str, Any]:
    """Return properties without the provider's own text, which the SDK adds again."""
    return {key: value for key, value in properties.items() if key != PROVIDER_KEY}


def plain_changes(olds: Properties, news: Properties, keys: Iterable[str]) -> list[str]:
    """Return which of some plain arguments differ."""
    return [key for key in keys if olds.get(key) != news.get(key)]


def document_diff(
    olds: Properties,
    news: Properties,
    documents: Mapping[str, Kind],
    *,
    identity: tuple[str, ...],
    plain: Iterable[str],
) -> DiffResult:
    """Say whether documents, by meaning, or plain arguments change.

    :param documents: The properties that hold documents, with what they are.
    :param identity: The keys of a document that say which object it is. Another one is a replacement, which
        is only reached with the word ``replace``: check refuses it otherwise.
    :param plain: The properties that are compared as they are.
    """
    if any(unknown(news.get(key)) for key in (*documents, "allow")):
        return DiffResult(changes=True)
    changed = bool(plain_changes(olds, news, plain))
    for key, kind in documents.items():
        old, new = document_of(olds, key), document_of(news, key)
        if old is None or new is None:
            return DiffResult(changes=True)
        if any(old.get(name) != new.get(name) for name in identity):
            return DiffResult(changes=True, replaces=[key], delete_before_replace=False)
        changed = changed or bool(differences(old, new, kind))
    return DiffResult(changes=changed)


def refuse(change: Change, allow: Iterable[str]) -> None:
    """Raise when a change is guarded and not allowed."""
    refused = refusals(change, allow)
    if refused:
        raise PinotError(" ".join(str(refusal) for refusal in refused))
