"""Why an image is kept out: the closed list of reason codes, in quarantine tables and results."""

from enum import StrEnum


class Reason(StrEnum):
    """A reason code; its ``meaning`` says it in a sentence that a person can act on."""

    meaning: str

    def __new__(cls, code: str, meaning: str) -> "Reason":
        """Make a member whose value is the code, and keep the sentence beside it."""
        member = str.__new__(cls, code)
        member._value_ = code
        member.meaning = meaning
        return member

    NOT_DICOM = "not_dicom", "neither DICOM nor a PNG or JPEG image"
    EMPTY = "empty", "the file has no bytes"
    TRUNCATED = "truncated", "the file ends before its data does"
    CORRUPT = "corrupt", "the header or the pixel data contradict themselves"
    NO_PIXELS = "no_pixels", "the object carries no pixel data"
    UNSUPPORTED_TRANSFER_SYNTAX = "unsupported_transfer_syntax", "no decoder for its transfer syntax"
    UNSUPPORTED_PIXELS = "unsupported_pixels", "a pixel layout that no radiograph has"
    NOT_A_RADIOGRAPH = "not_a_radiograph", "its SOP class or modality is not a projection radiograph"
    TOO_LARGE = "too_large", "more pixels, bytes or memory than any film takes"
    TOO_SMALL = "too_small", "too few pixels to show a body part"
    MULTI_FRAME = "multi_frame", "more than one frame; a film has one"
    CONSTANT_IMAGE = "constant_image", "every pixel has the same value"
    UNKNOWN_LABEL = "unknown_label", "the label is not one of the classes or their aliases"
    MISSING_FILE = "missing_file", "a file that is named is not there"
    NOT_LISTED = "not_listed", "the label table does not name this file"
    OUTSIDE_SOURCE = "outside_source", "a table or a link leads out of the folder that is read"
    UNREADABLE = "unreadable", "the operating system refused to read the file"
    DUPLICATE = "duplicate", "the same bytes or pixels as an image already taken"
    LABEL_CONFLICT = "label_conflict", "the same pixels carry two different labels"
    SYNTHETIC = "synthetic", "a film from the sample generator, and the dataset holds real ones"
    BURNED_IN_TEXT = "burned_in_text", "patient data may be burned into the pixels"
    ARCHIVE_BOMB = "archive_bomb", "an archive that unpacks to more than films do"
    ARCHIVE_DAMAGED = "archive_damaged", "the archive is damaged or ends early; what was read before it counts"
    ARCHIVE_ENCRYPTED = "archive_encrypted", "the archive asks for a password; unpack it and take the folder"
    ARCHIVE_NESTED = "archive_nested", "an archive in an archive; unpack the outer one and take the folder"
    ARCHIVE_UNSUPPORTED = "archive_unsupported", "an archive that is not read; unpack it and take the folder"
    DECODER_CRASHED = "decoder_crashed", "the decoder died on this file"
    DECODER_TIMEOUT = "decoder_timeout", "the decoder did not finish in time"
