"""The basis of approvals survives the journal."""

from __future__ import annotations

from aiops.control.state.approval_basis import ApprovalBasis
from aiops.model.codec import decode, encode
from aiops.model.plans import Oversight


def test_it_is_read_as_it_was_written() -> None:
    """After a restart an approval is compared with the same facts."""
    basis = ApprovalBasis((("web", 3), ("db", -1)), Oversight.TWO_APPROVERS, ("p",), "d", ("web",), (1, 2))
    assert decode(ApprovalBasis, encode(basis)) == basis
