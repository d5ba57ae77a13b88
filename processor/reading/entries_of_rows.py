"""What is said about rows and cells (rules F3, P, T, C2, R3)."""

from processor.reading.entries import Entry, bad, note

ENTRIES: dict[str, Entry] = {
    # Rows that are refused whole
    "row-too-short": bad(
        "F3",
        "The row has {found}, the header has {expected}",
        "Add the missing cells (empty ones count), or quote a cell that spans lines.",
    ),
    "row-too-long": bad(
        "F3",
        "The row has {found}, the header has {expected}",
        "Remove the surplus cells; a cell with a delimiter inside must be quoted.",
    ),
    "row-other-delimiter": bad(
        "F3",
        "The row has {found}, the header has {expected}: the row seems to be separated by {delimiter}, "
        "the header by {ours}",
        "Export the file with one delimiter for the labels and the rows.",
    ),
    "total-row": bad(
        "F3",
        "This row looks like a total or a footer, not like a row of the table",
        "Leave totals and footers out of the report that makes the file; nothing else is lost with this row.",
    ),
    "labels-again": bad(
        "F3",
        "This row holds labels once more, not values",
        "Leave one line of labels, the first; remove the others from the report that makes the file.",
    ),
    "address-missing": bad(
        "P1",
        "The row has no address in `User Email`",
        "Enter the person's e-mail address, and send the row again.",
    ),
    "address-invalid": bad(
        "P1",
        "This is not a valid e-mail address{why}",
        "Correct the address (like name@company.com), and send the row again.",
    ),
    "key-missing": bad(
        "P1",
        "The row has no value in the column by which your organization knows its users",
        "Enter the value, and send the row again.",
    ),
    "key-of-two-users": bad(
        "P1",
        "The row's address belongs to a user with another `{label}`",
        "Find out which of the two is meant, correct the other value, and send the row again.",
    ),
    "repeated-address": bad(
        "P10",
        "The address stands in line {first} already, and that row counted",
        "Remove one of the two rows, or correct its address.",
    ),
    "repeated-key": bad(
        "P10",
        "The value stands in line {first} already, and that row counted",
        "Remove one of the two rows, or correct the value.",
    ),
    "repeated-team": bad(
        "P10",
        "The team stands in line {first} already, and that row counted",
        "Remove one of the two rows, or correct the team's name.",
    ),
    "team-name-missing": bad(
        "T1",
        "The row has no `Team Name`",
        "Enter the team's name, and send the row again.",
    ),
    "person-erased": bad(
        "R3",
        "This person was erased from the directory on request and is not made again",
        "Leave the person out of the file, or ask support if the person came back.",
    ),
    # Cells that are left out
    "account-type-invalid": bad(
        "H1",
        "`User Account Type` is `Regular` or `Observer`, and this is neither",
        "Enter one of the two words, or leave the cell empty: a known type stays, a new user is `Regular`.",
    ),
    "admin-invalid": bad(
        "P7",
        "`Is Org Admin` is `Yes` or `No`, and this is neither",
        "Enter one of the two words, or leave the cell empty: a known role stays, a new user is no administrator.",
    ),
    "teams-quote-open": bad(
        "P5",
        "A quotation mark inside the list of teams is never closed",
        "Close the quotation mark, or remove it if no team's name has a comma.",
    ),
    "date-invalid": bad(
        "P9",
        "This is not a date as your organization writes them",
        "Write the date as yyyy-mm-dd, which always works; two-digit years and dots do not.",
    ),
    "date-doubtful": bad(
        "P9",
        "The date can be read in two ways, and nothing in the file proves which one is right",
        "Set the date format of your organization (dd/mm/yyyy or mm/dd/yyyy), or write the date as yyyy-mm-dd.",
    ),
    "value-misfit": bad(
        "C2",
        "The field is {type}, and this value is not",
        "Correct the value, or ask support to change the field's type.",
    ),
    "manager-invalid": bad(
        "P6",
        "This is not a valid e-mail address of a manager{why}",
        "Correct the address (like name@company.com); a manager known so far stays, a new user has none.",
    ),
    "manager-unknown-id": bad(
        "H6",
        "No user has this employee id, so the manager was not set",
        "Correct the id, or add the manager to the file; a manager whose own row was refused is not known.",
    ),
    "manager-unknown-name": bad(
        "H6",
        "No user has this full name, so the manager was not set",
        "Correct the name, add the manager to the file (a row that was refused does not count), or name managers by "
        "`Manager Email`.",
    ),
    "manager-ambiguous": bad(
        "H6",
        "Several users fit this manager, so the manager was not set",
        "Name the manager by `Manager Email`, or give the users different employee ids.",
    ),
    "manager-circle": bad(
        "P6",
        "The managers go round in a circle with this row, so this one was not set",
        "Correct the manager of one of the people on the circle; a manager known so far stays, a new user has none.",
    ),
    "manager-erased": bad(
        "R3",
        "This manager was erased from the directory on request and is not made again",
        "Name another manager.",
    ),
    "last-admin": bad(
        "P7",
        "This is the last active administrator, so the role was not taken",
        "Make another user an administrator first (`Is Org Admin` = `Yes`).",
    ),
    "last-admin-date": bad(
        "P8",
        "This is the last active administrator, whom a file does not deactivate",
        "Make another user an administrator first, then send the date again.",
    ),
    "owner-invalid": bad(
        "T2",
        "This is not a valid e-mail address of a team's owner{why}",
        "Correct the address (like name@company.com); an owner known so far stays, a new team has the owner of "
        "your organization.",
    ),
    "owner-erased": bad(
        "R3",
        "This owner was erased from the directory on request and is not made again",
        "Name another owner.",
    ),
    "team-circle": bad(
        "T3",
        "The parent teams go round in a circle with this row, so this one was not set",
        "Correct the parent of one of the teams on the circle; a parent known so far stays, a new team has none.",
    ),
    # Notes
    "text-after-quote": note(
        "F1",
        "Text stands behind a closing quotation mark; it was taken as part of the cell",
        'Nothing is to be done if the value is right; a quotation mark inside a quoted cell is written twice ("").',
    ),
    "teams-other-separator": note(
        "P5",
        "This looks like several teams separated by {separator}, and only commas separate teams, so it is one",
        'Write commas between teams; a name that has such a sign stands in quotation marks ("").',
    ),
    "manager-self": note(
        "P6",
        "The row names the person as his or her own manager, which was ignored",
        "Nothing is to be done; leave the cell empty to be rid of this note.",
    ),
    "team-self": note(
        "T3",
        "The row names the team as its own parent, which was ignored",
        "Nothing is to be done; leave the cell empty to be rid of this note.",
    ),
    "deactivated-updated": note(
        "P8",
        "The user is deactivated: the values were taken over, and the user stays deactivated",
        "If the person is back, ask support to reactivate the user.",
    ),
    "created-deactivated": note(
        "P8",
        "The row says that the person has left, so the new user was made deactivated at once",
        "If the person is still there, correct the date and ask support to reactivate the user.",
    ),
    "plan-kept": note(
        "P8",
        "The user has a planned deactivation and no date in this file: the plan stays",
        "If the person stays, ask support to cancel the plan.",
    ),
    "plan-put-off": note(
        "P8",
        "The planned deactivation of the last active administrator was put off",
        "Make another user an administrator.",
    ),
}
