"""Everything that can go wrong while keeping something.

KeptError
├── HomeUnusable        a folder of ours cannot be made or written
├── JournalError        the file on disk does not do what was asked
│   ├── JournalNewer    written by a newer program; left untouched
│   ├── JournalDamaged  not one of our files, or its pages no longer fit together
│   ├── JournalBusy     another process held it for longer than we wait
│   ├── JournalClosed   it was closed before this was asked of it
│   ├── DiskFull        no room; the transaction was taken back whole
│   └── DiskFailed      the operating system refused to read or write
├── SessionUnknown      no session of that id
├── SessionDeleted      the operator deleted it; nothing more is written to it
├── StepNotOpen         `end` for a step that was never begun, or that already ended
├── KnowledgeUnknown    no memory of that id
├── KnowledgeRefused    a memory cannot become what was asked, or a file holds none
└── CredentialError
    ├── CredentialMissing   nowhere to be found
    ├── CredentialUnkept    the keyring did not give back what was put in
    ├── NoKeyring           this machine offers none we trust
    └── KeyringUnavailable  there is one, but it is locked, failed, or did not answer
"""

from __future__ import annotations


class KeptError(Exception):
    """Something could not be kept, found or removed.

    Args:
        message: one sentence: what failed, on which file or name, and why.
        hint: one sentence: what the operator can try. May be empty.
    """

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class HomeUnusable(KeptError):
    """A folder of ours cannot be made or written."""


class JournalError(KeptError):
    """The file on disk does not do what was asked."""


class JournalNewer(JournalError):
    """The file was written by a newer program and was left untouched."""


class JournalDamaged(JournalError):
    """The file is not one of ours, or its pages no longer fit together."""


class JournalBusy(JournalError):
    """Another process held the file for longer than we wait."""


class JournalClosed(JournalError):
    """The file was closed before this was asked of it."""


class DiskFull(JournalError):
    """There was no room; the whole transaction was taken back."""


class DiskFailed(JournalError):
    """The operating system refused to read or write."""


class SessionUnknown(KeptError):
    """There is no session of that id."""


class SessionDeleted(KeptError):
    """The operator deleted the session; nothing more is written to it."""


class StepNotOpen(KeptError):
    """A step was ended that was never begun, or that had ended already."""


class KnowledgeUnknown(KeptError):
    """There is no memory of that id."""


class KnowledgeRefused(KeptError):
    """A memory cannot become what was asked, or a file holds none."""


class CredentialError(KeptError):
    """A credential could not be found, stored or removed."""


class CredentialMissing(CredentialError):
    """The credential is nowhere to be found."""


class CredentialUnkept(CredentialError):
    """The keyring did not give back what was put in."""


class NoKeyring(CredentialError):
    """This machine offers no keyring that we trust."""


class KeyringUnavailable(CredentialError):
    """There is a keyring, but it is locked, failed, or did not answer in time."""
