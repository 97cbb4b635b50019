"""What the desk will not do, and why: a sentence for the member of staff who asked."""


class Refusal(Exception):
    """Nothing was done. `str(refusal)` is fit for the page."""


class NotAllowed(Refusal):
    """This person may not do this, whatever they try."""


class TooLate(Refusal):
    """Somebody was faster: what the page showed is no longer so."""
