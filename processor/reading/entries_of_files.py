"""What is said about a file as a whole and about its header (rules F, H, U5, R1)."""

from processor.reading.entries import Entry, bad, note

ENTRIES: dict[str, Entry] = {
    # The bytes
    "empty-file": bad(
        "F2",
        "The file is empty",
        "Send the file again; if it is empty in the HR system too, look at the report that makes it.",
    ),
    "not-utf8": bad(
        "F2",
        "The file is not UTF-8: byte {offset} of the file, in line {line}, does not belong there; {guess}",
        "Export the file as UTF-8, or ask support to set the encoding of your organization.",
    ),
    "not-in-encoding": bad(
        "F2",
        "The file is not {encoding}, as your organization's setting says: byte {offset}, in line {line}, does not fit",
        "Export the file in that encoding, or ask support to change the setting `encoding`.",
    ),
    "encoding-from-preset": note(
        "H5",
        "The file is not UTF-8 and was read as {encoding}, as {system} writes it",
        "Nothing is to be done if names look right; else set the encoding of your organization.",
    ),
    "nul-byte": bad(
        "F2",
        "The file has a NUL byte, which no text file has: byte {offset}",
        "Export the file again as CSV in UTF-8; a file in UTF-16 needs the setting `encoding`.",
    ),
    "quote-open": bad(
        "F2",
        "A quotation mark opens here and is never closed",
        'Close the quoted cell; a quotation mark inside a quoted cell is written twice ("").',
    ),
    "looks-cut-off": bad(
        "R1",
        "The last row is cut off, so the file did not arrive whole",
        "Send the file again; nothing of it was applied.",
    ),
    "is-archive": bad(
        "F2",
        "The file is a packed archive under the name of a CSV file",
        "Unpack it and send the CSV file inside.",
    ),
    "is-spreadsheet": bad(
        "F2",
        "The file is a spreadsheet under the name of a CSV file",
        "Save it as `CSV UTF-8` and send that file.",
    ),
    "is-pdf": bad(
        "F2",
        "The file is a PDF document under the name of a CSV file",
        "Export the report as CSV and send that file.",
    ),
    "is-web-page": bad(
        "F2",
        "The file is a web page (HTML) under the name of a CSV file",
        "Look at what was downloaded: often a login or an error took the place of the report. Export it as CSV.",
    ),
    "is-xml": bad(
        "F2",
        "The file is XML under the name of a CSV file",
        "Choose CSV as the format of the report, and send that file.",
    ),
    "is-json": bad(
        "F2",
        "The file is JSON under the name of a CSV file",
        "Choose CSV as the format of the report, and send that file; an answer of an API must be turned into CSV.",
    ),
    "is-encrypted": bad(
        "F2",
        "The file is encrypted (PGP)",
        "Turn off the encryption of the file in the HR system: SFTP encrypts the way already.",
    ),
    "wrong-extension": bad(
        "U5",
        "The file's name does not end with .csv or .txt, so nothing was read",
        "Give the file a name that ends with .csv and send it again.",
    ),
    "too-many-rows": bad(
        "F2",
        "The file has more than {limit} rows",
        "Split the file and send the parts one after the other.",
    ),
    "too-many-columns": bad(
        "F2",
        "The file has more than {limit} columns",
        "Leave out columns that the directory does not need.",
    ),
    "label-too-long": bad(
        "F2",
        "The label of column {number} is longer than {limit} characters",
        "Shorten it; often a quotation mark in the first line is never closed.",
    ),
    "cell-too-long": bad(
        "F2",
        "A cell is longer than 64 KiB",
        "Shorten the cell; often a quotation mark that is never closed swallows the following rows.",
    ),
    "line-too-long": bad(
        "F2",
        "A line is longer than 32 MiB",
        "Send the file again as CSV, with one row to a line.",
    ),
    "too-many-fields": bad(
        "U9",
        "The file would bring the organization over {limit} custom fields",
        "Map columns that the directory does not need to `ignore`.",
    ),
    "too-many-teams": bad(
        "U9",
        "The file would bring the organization over {limit} teams",
        "Look at the column of teams: it may hold something else.",
    ),
    "not-processable": bad(
        "F2",
        "The file stopped the import three times, so it was set aside",
        "Ask support to look at the file; nothing of it was applied.",
    ),
    "all-or-nothing": bad(
        "P11",
        "Nothing was applied, because your organization chose that any problem refuses the whole file",
        "Correct the problems of this list and send the file again.",
    ),
    "withdrawn": bad(
        "U4",
        "The file was withdrawn before it was imported",
        "Send it again if that was a mistake.",
    ),
    "superseded": bad(
        "G1",
        "A newer file of the same kind took the place of this one while it was held",
        "Nothing is to be done; the newer file is judged by itself.",
    ),
    "rejected": bad(
        "G1",
        "The file was held and then discarded by support",
        "Ask support for the reason, correct the file, and send it again.",
    ),
    "hold-expired": bad(
        "G1",
        "The file was held for approval and nobody approved it in time",
        "Send the file again and ask support to approve it.",
    ),
    # The header
    "no-header": bad(
        "F2",
        "The first line looks like data, not like labels: see {where}",
        "Put a line of labels on top of the file, such as `User Email` or `Team Name`.",
    ),
    "title-above": bad(
        "F2",
        "This line looks like a title; the labels stand in line {labels}",
        "Remove what stands above the labels: they must be the first line of the file.",
    ),
    "no-rows": bad(
        "F2",
        "The file has labels and no rows below them",
        "Send the file again with its rows; look at the filter of the report that makes it.",
    ),
    "label-twice": bad(
        "F2",
        "Column {first} and column {second} have the same label (case, spaces, `_` and `-` do not count)",
        "Rename or remove one of the two columns.",
    ),
    "label-unordered": bad(
        "F2",
        "Column {first} and column {second} both mean `{meaning}`, and no order says which one goes first",
        "Remove one of them, or map both labels: the order of the map decides.",
    ),
    "label-empty": bad(
        "F2",
        "Column {number} has values and no label",
        "Give the column a label, or empty it.",
    ),
    "both-keys": bad(
        "H3",
        "The file has both `User Email` and `Team Name`, so it is neither a users nor a teams file",
        "Send users and teams in two files, or map one of the two labels to `ignore` or to another name.",
    ),
    "no-key": bad(
        "H3",
        "The file has neither `User Email` nor `Team Name`. Labels found: {labels}",
        "{hint}. A users file needs `User Email`, a teams file `Team Name`; rename the column, or ask support to "
        "map it.",
    ),
    "match-column-missing": bad(
        "P1",
        "Your organization knows its users by `{label}`, and the file has no such column",
        "Add the column, or ask support to change the setting `match_by`.",
    ),
    "label-matched": note(
        "H4",
        "The label was taken as `{standard}`",
        "Nothing is to be done; write the label exactly like that to be rid of this note.",
    ),
    "label-ignored": note(
        "H2",
        "A teams file has no such label, so the column was ignored",
        "Nothing is to be done; remove the column to be rid of this note.",
    ),
    "label-needs-map": note(
        "H5",
        "`{standard}` means something in a header map only, so the column became a custom field",
        "Ask support to map the label of your system to `{standard}`.",
    ),
    "names-not-understood": note(
        "P4",
        "This looks like a name, and no column is understood as one, so new users are called by their address",
        "Ask support to map the label to `First Name`, `Last Name` or `User Name`.",
    ),
    "preset-other": note(
        "H5",
        "Most of the labels are those of {system}, and your organization has the preset of {chosen}",
        "If {system} wrote the file, ask support to set the preset `{name}`.",
    ),
    "status-unknown": note(
        "H5",
        "Not known to mean that a person left, so nothing was done about it: {words} in {lines}",
        "If it does mean that, ask support to map it (`{label}=Leaver Status: terminated, {word}`), or send the last "
        "day of these people.",
    ),
    "users-named-only": note(
        "P6",
        "Rows name as {role} whom nobody knows, so users are made for them: {users}, {lines}",
        "Nothing is to be done if they belong to you; else correct the address, and ask support to deactivate the "
        "user.",
    ),
    "id-shortened": note(
        "P1",
        "Ids look like 1.02E+05, as a spreadsheet shortens a number: {cells}, {lines}",
        "Export the file straight from the HR system: a spreadsheet that opens it changes long numbers.",
    ),
    "id-without-zeros": note(
        "P1",
        "Ids are known with zeros in front, which a spreadsheet takes off: {cells}, {lines}",
        "Export the file straight from the HR system: in a spreadsheet 000123 becomes 123, which is another id.",
    ),
    "surplus-cells": note(
        "F3",
        "More cells than the header, blank behind it; other rows have none: {rows}",
        "If a comma inside a value is not quoted, all values behind it stand one column too far: look at these rows.",
    ),
    "manager-only-name": note(
        "H6",
        "The column only names managers whom `Manager Email` creates, and the file has no `Manager Email`",
        "Add `Manager Email`, or map this label to `Manager Name` to look managers up by their full name.",
    ),
    "date-order-from-import": note(
        "P9",
        "Dates that can be read in two ways were read as {order}, as import {number} proved it",
        "Nothing is to be done if that is right; else set the date format of your organization.",
    ),
    "date-order-from-preset": note(
        "P9",
        "Dates that can be read in two ways were read as {order}, as {system} writes them",
        "Nothing is to be done if that is right; else set the date format of your organization.",
    ),
    "column-against-setting": note(
        "P9",
        "Some dates of this new column do not fit the date format of your organization, so the field was made a text",
        "Correct the dates or the date format, and then set the field's type by command.",
    ),
    "column-made-text": note(
        "P9",
        "The dates of this new column can be read in two ways, so the field was made a text",
        "Set the date format of your organization and then the field's type, or write dates as yyyy-mm-dd.",
    ),
    "column-of-other-dates": note(
        "P9",
        "The values of this new column look like dates in a form that is not read, so the field was made a text",
        "Write dates as yyyy-mm-dd, and ask support to set the field's type; dots, two-digit years and times are "
        "not read.",
    ),
    "field-became-text": note(
        "C2",
        "The field was {type} and became a text, because the file has other values for it",
        "Nothing is to be done; if the values are wrong, correct them and set the field's type by command.",
    ),
}
