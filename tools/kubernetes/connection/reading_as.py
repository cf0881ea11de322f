"""Under which lesser identity a context is read, where the operator has one for it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ReadingAs:
    """Either somebody to impersonate (Kubernetes, "User impersonation"), or another context's login.

    Writes, dry runs, access reviews and reveals go out under the full identity all the same.

    Attributes:
        user: whom to impersonate.
        groups: the groups to be in; the server adds `system:authenticated` by itself.
        context: the kubeconfig context whose user reads; it has to name the same server.
    """

    user: str = ""
    groups: tuple[str, ...] = ()
    context: str = ""

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """What goes onto a read, and onto nothing else."""
        if not self.user:
            return ()
        return (("Impersonate-User", self.user), *(("Impersonate-Group", group) for group in self.groups))

    def __str__(self) -> str:
        if self.context:
            return f"the user of context {self.context}"
        return f"{self.user} in {', '.join(self.groups)}" if self.groups else self.user
