"""The stable codes of refusals, each with what it means; `docs/CODES.md` says the same to administrators."""

CODES: dict[str, str] = {
    # Of a whole file
    "empty": "the file holds no byte, or no row",
    "column-missing": "the header lacks a column that this kind of file must have",
    "column-unknown": "the header has a column that this kind of file has not",
    "column-twice": "the header has a column twice",
    "encoding": "the bytes are not text in the encoding that the rest of the file has",
    "not-text": "the file holds bytes that no text has",
    "quote-open": "a quotation mark is opened and never closed",
    "quote-wrong": "text follows a closing quotation mark: nobody can tell where the cell, or the row, ends",
    "columns-many": "the header has more columns than any command file has",
    "cut-off": "the last row ends too early: the upload was cut off",
    "replaced": "the file was changed while it was being run",
    # Of a row
    "too-few-cells": "a row of a file with passwords has fewer cells than the header: a password may have slipped",
    "too-many-cells": "the row has more cells than the header has columns",
    "value-missing": "a cell that must be filled is empty",
    "value-wrong": "a cell holds what its column can't have",
    "value-long": "a cell is longer than Moodle can store",
    "identity-missing": "nothing in the row says which account it is about",
    "ambiguous": "several accounts, or cohorts, of the site are what the row names",
    "username-taken": "another account has this username",
    "idnumber-other": "the account of this username has another idnumber",
    "email-other": "the account of this username has another e-mail address",
    "email-taken": "another account has this e-mail address",
    "rename": "the row would rename an account, which is not allowed",
    "protected": "the account is one that the tool must never touch",
    "cohort-missing": "the site has no such cohort, and none can be made",
    "earlier-row": "an earlier row about the same thing was refused",
    "site-refused": "Moodle refuses the row",
}
