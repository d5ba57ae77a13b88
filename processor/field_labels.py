"""What people read for a changed field: the label that a file has for it (rule H1); programs read its name."""

from processor.imports import Change

_FIELDS = {
    "email": "User Email",
    "name": "User Name",
    "first_name": "First Name",
    "last_name": "Last Name",
    "account_type": "User Account Type",
    "is_org_admin": "Is Org Admin",
    "status": "Status",
    "deactivation_date": "Deactivation Date",
    "deactivates_at": "Deactivated at",
    "manager_email": "Manager Email",
    "teams": "Teams",
}
_TEAM_FIELDS = {
    "name": "Team Name",
    "owner_email": "Team Owner",
    "parent": "Parent Team",
    "type": "Team Type",
}


def label_of(change: Change) -> str:
    """Return the label of a change's field; a custom field has its own."""
    if change.field.startswith("custom."):
        return change.field.removeprefix("custom.")
    labels = _TEAM_FIELDS if change.kind == "team" else _FIELDS
    return labels.get(change.field, change.field)
