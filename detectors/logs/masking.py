"""Secrets and personal data in a log line, found before anything of the line goes anywhere.

Only templates leave a shard, and a template holds the words of a line whose shape was new; everything with a digit or
an ``@``, paths and hosts are left out of shapes already. What is masked here are the secrets that look like words: what
follows a telling key, has a known prefix or form, or names a person. A later line of a known shape leaves nothing but
a count, so masks run on new shapes alone. All patterns have bounds, so no line takes long.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

MOST_READ = 4096
"""Bytes of a message that are searched; templates end long before."""


@dataclass(frozen=True, slots=True)
class Masked:
    """A range of bytes that must not leave, and what it is."""

    begin: int
    end: int
    kind: str


_WORD = rb"[\w\x80-\xff]"
_QUOTE = rb"\\{0,3}[\"'`]"
_SEPARATOR = rb"\s{0,3}(?:=>|:=|==|=|:)\s{0,3}"
_BARE = rb"[^\s,;&\"'`<>(){}\[\]|]{1,512}"
_QUOTED = rb"\\{0,3}\"(?:[^\"\\]|\\[^\"]){0,512}(?:\\{0,3}\"|\Z)|\\{0,3}'[^']{0,512}(?:'|\Z)|`[^`]{0,512}(?:`|\Z)"
_NAME = rb"[A-Z\xc3][\w\x80-\xff'.-]{0,40}"
_NAMES = _NAME + rb"(?:\s" + _NAME + rb"){0,3}"

_SECRET_KEY = (
    rb"(?:[\w.-]{0,40}(?:passw(?:or)?d|passwort|passphrase|passcode|pwd|secret|token|api[_.-]?key|access[_.-]?key|"
    rb"private[_.-]?key|account[_.-]?key|shared[_.-]?key|signing[_.-]?key|encryption[_.-]?key|master[_.-]?key|"
    rb"auth[_.-]?key|credentials?|session[_.-]?id|connection[_.-]?string|signature|mnemonic)[\w-]{0,20}|"
    rb"pass|pw|pin|otp|cvv2?|cvc|ssn|sid|sig|jwt|bearer|sas|auth|authorization|"
    rb"x-[\w-]{0,30}(?:key|token|secret)|(?:jsession|php?sess)_?id)"
)
_PERSON_KEY = (
    rb"(?:(?:[\w]{1,20}[_.-])?(?:user[_.-]?name|user|login|uname|logname|ruser|customer|patient|employee|client[_.-]?name|"
    rb"(?:first|last|full|given|family|middle|sur|nick|display|real|maiden|contact|cardholder|holder|author|owner|"
    rb"customer|patient|employee|recipient|sender|beneficiary)[_.-]?name|surname|cardholder|"
    rb"account[_.-]?holder|recipient|beneficiary|assignee|passenger|e?mail|phone|mobile|street|address[_.-]?line))"
)
_ROLES = (
    rb"(?:[Uu]sers?|[Uu]sername|[Cc]ustomer|[Pp]atient|[Ee]mployee|[Mm]ember|[Pp]assenger|[Ss]ubscriber|[Cc]ardholder|"
    rb"[Bb]eneficiary|[Rr]ecipient|[Oo]perator|[Aa]uthor|[Aa]ssignee|[Cc]lient|[Cc]ontact|[Gg]uest|[Oo]wner|[Tt]enant)"
)
_TITLES = rb"(?:Mr|Mrs|Ms|Miss|Dr|Prof|Sir|Madam|Herr|Frau|Dear|Hello|Hi|Hey)\.?"
_ACTS = (
    rb"(?:logged|signed|requested|created|deleted|updated|authenticated|connected|disconnected|joined|left|uploaded|"
    rb"downloaded|purchased|bought|ordered|paid|changed|added|removed|tried|attempted|approved|rejected|registered|"
    rb"confirmed|cancelled|called|locked|unlocked|successfully|entered|sent|does|exceeded|opened|closed|accepted)"
)

_HARMLESS = frozenset(
    b"""a an and are at be been by can cannot could did do does for from had has have if in into is it its no none not of on
    or our out over per so than that the their then there these they this to too true false null nil undefined unset
    was were when which while will with within without yes you your expired expires invalid valid missing required empty
    failed failure fails failing success succeeded successful incorrect wrong mismatch mismatched changed reset rejected
    denied accepted ok okay error errors unknown malformed absent provided given found revoked refreshed rotated
    authentication authorization auth policy provider service services validation verification check checked count
    length limit limits type types name names id ids list file files path store storage manager endpoint request requests
    response bucket cache key keys value values field parameter header cookie session sessions server client refresh
    access issued generated created updated deleted loaded read disabled enabled unsupported unavailable unauthorized
    forbidden must should may might only already also after before during because but used using use login logout log
    logged database connection pool agent interface group role space input data defined set get exists exist expected
    received timeout timed retry retrying pending active inactive registered unregistered locked unlocked
    root admin administrator guest system nobody anonymous daemon test postgres mysql redis kafka www-data default
    service-account svc bin operator backup sync unspecified n/a - * redacted masked hidden protected""".split()
)
"""Words that follow a telling key in harmless text, and accounts that are no person."""

_LAST_HARMLESS = re.compile(
    rb"^[\[\]{}()<>*.x#?%$-]{1,64}$|^<[\w*]{1,20}>$|^\$\{[\w.]{1,60}\}$|^%[sdvr]$|^[*x]{3,}$", re.IGNORECASE
)

_RULES: tuple[tuple[str, bytes, re.Pattern[bytes]], ...] = (
    (
        "private_key",
        b"-----begin",
        re.compile(rb"-----BEGIN [A-Z0-9 ]{0,40}-----(?s:.){0,4096}?(?:-----END [A-Z0-9 ]{0,40}-----|\Z)"),
    ),
    ("jwt", b"ey", re.compile(rb"\bey[A-Za-z0-9_-]{6,2048}\.[A-Za-z0-9_-]{4,4096}(?:\.[A-Za-z0-9_-]{0,2048})?")),
    (
        "cookie",
        b"cookie",
        re.compile(rb"\b(?:set-)?cookie" + _QUOTE + rb"?\s{0,2}[:=]\s{0,2}(?P<value>[^\r\n]{1,2048})", re.IGNORECASE),
    ),
    (
        "authorization",
        b"authorization",
        re.compile(
            rb"\b(?:proxy-)?authorization(?:" + _QUOTE + rb")?" + _SEPARATOR + rb"(?:" + _QUOTE + rb")?"
            rb"(?P<value>(?:[A-Za-z][\w-]{1,20}\s{1,3})?[^\s\"',;}\]]{1,4096})",
            re.IGNORECASE,
        ),
    ),
    (
        "authorization",
        b"bearer basic digest negotiate",
        re.compile(rb"\b(?:bearer|basic|digest|negotiate)\s{1,3}(?P<token>[\w.~+/=-]{4,4096})", re.IGNORECASE),
    ),
    (
        "token",
        b"_ - sg. aiza ya29 hvs. akia asia aroa aida agpa eyj eaa dapi s.",
        re.compile(
            rb"\b(?:gh[pousr]_|github_pat_|glpat-|gl[a-z]{2,5}-|xox[a-z]{1,2}-|xapp-|(?:sk|pk|rk)_(?:live|test)_|whsec_|sk-|npm_|"
            rb"pypi-|hf_|dop_v1_|shpat_|shpss_|sq0[a-z]{3}-|SG\.|AIza|ya29\.|GOCSPX-|hvs\.|s\.[A-Za-z0-9]{20}|dapi|"
            rb"AKIA|ASIA|AROA|AIDA|AGPA|AGE-SECRET-KEY-|eyJ|EAA[A-Za-z]{4}|rk_|key-|phc_|lin_api_|secret_)"
            rb"[A-Za-z0-9_./+=~-]{8,1024}"
        ),
    ),
    ("url_credentials", b"://", re.compile(rb"(?<=://)[^\s/\"'<>@]{1,256}(?::[^\s\"'<>]{0,256}?)?@(?=[\w\[])")),
    (
        "url_credentials",
        b"@",
        re.compile(rb"\b[\w.-]{1,64}:[^\s:@/\"'<>]{1,128}@(?=(?:tcp|unix|[\w-]{1,63}\.[\w.-]{1,63}|localhost)[(:/])"),
    ),
    (
        "secret",
        b"pass pwd secret token key cred session signature mnemonic pw pin otp cvv cvc ssn sid sig jwt bearer sas auth connection",
        re.compile(
            rb"(?<![A-Za-z0-9])"
            + _SECRET_KEY
            + rb"(?:"
            + _QUOTE
            + rb")?\]?"
            + _SEPARATOR
            + rb"(?P<value>"
            + _QUOTED
            + rb"|"
            + _BARE
            + rb")",
            re.IGNORECASE,
        ),
    ),
    (
        "secret",
        b"pass secret token key pin cred",
        re.compile(
            rb"\b(?:password|passphrase|passwd|secret|token|api[ _-]?key|pin|credentials?)s?\s{1,3}(?P<value>"
            + _QUOTED
            + rb")",
            re.IGNORECASE,
        ),
    ),
    (
        "secret",
        b"pass pwd secret token key pin",
        re.compile(
            rb"\b(?:(?:with|using|new|old|temporary|temp|initial|default|current|my|your|his|her|the)\s{1,3})"
            rb"(?:password|passphrase|passwd|passcode|pass|pwd|secret|api[ _-]?key|access[ _-]key|token|pin)"
            rb"(?:\s{1,3}(?:is|was|of|to|set\sto|changed\sto))?\s{1,3}(?P<value>" + _BARE + rb")",
            re.IGNORECASE,
        ),
    ),
    (
        "secret",
        b"pass pwd secret token key pin",
        re.compile(
            rb"\b(?:password|passphrase|passwd|passcode|pwd|secret|api[ _-]?key|access[ _-]key|token|pin)(?:\sfor\s[\w.@-]{1,64})?"
            rb"\s{1,3}(?:is|was|set\sto|changed\sto|to)\s{1,3}(?P<value>" + _QUOTED + rb"|" + _BARE + rb")",
            re.IGNORECASE,
        ),
    ),
    (
        "secret",
        b"-p --",
        re.compile(
            rb"(?<!\w)(?:--?)(?:password|passwd|pass|pwd|token|secret|api-?key|key|p)[ =](?P<value>"
            + _QUOTED
            + rb"|"
            + _BARE
            + rb")"
        ),
    ),
    ("secret", b"-u ", re.compile(rb"(?<=-u )[\w.-]{1,64}:" + _BARE)),
    (
        "email",
        b"@",
        re.compile(rb"[\w.!#$%&*+/=?^`{|}~\x80-\xff-]{1,64}@[\w\x80-\xff-]{1,63}(?:\.[\w\x80-\xff-]{1,63}){0,8}"),
    ),
    ("iban", b"", re.compile(rb"\b[A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]{4}){2,7}(?:[ -]?[A-Z0-9]{1,4})?\b")),
    ("national_id", b"", re.compile(rb"\b[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d\d ?\d\d ?\d\d ?[A-D]\b")),
    (
        "national_id",
        b"",
        re.compile(
            rb"\b[A-Z]{6}\d{2}[A-EHLMPR-T]\d{2}[A-Z]\d{3}[A-Z]\b|\b[XYZ]?\d{7,8}-?[A-Z]\b|\b\d{3}-\d{2}-\d{4}\b"
        ),
    ),
    ("card", b"", re.compile(rb"(?<![\d.-])\d(?:[ -]?\d){12,18}(?![\d.-])")),
    (
        "phone",
        b"",
        re.compile(
            rb"(?<![\w.])\+\d{1,3}[ .-]?(?:\(\d{1,4}\)[ .-]?)?\d{2,4}(?:[ .-]?\d{2,4}){1,4}(?![\w.])|\(\d{3}\) ?\d{3}-\d{4}"
        ),
    ),
    (
        "person",
        b"user login uname logname ruser customer patient employee name cardholder holder recipient benef assignee passenger mail phone mobile street address",
        re.compile(
            rb"(?<![A-Za-z0-9])"
            + _PERSON_KEY
            + rb"(?:"
            + _QUOTE
            + rb")?"
            + _SEPARATOR
            + rb"(?P<value>"
            + _QUOTED
            + rb"|"
            + _NAMES
            + rb"|"
            + _BARE
            + rb")",
            re.IGNORECASE,
        ),
    ),
    (
        "person",
        b"name",
        re.compile(
            rb"(?<![A-Za-z0-9])name(?:"
            + _QUOTE
            + rb")?"
            + _SEPARATOR
            + rb"(?:"
            + _QUOTE
            + rb")?(?P<names>"
            + _NAME
            + rb"(?:\s"
            + _NAME
            + rb"){1,3})"
        ),
    ),
    (
        "person",
        b"user customer patient employee member passenger subscriber cardholder benef recipient operator author assignee client contact guest owner tenant",
        re.compile(rb"\b" + _ROLES + rb"\s{1,2}(?P<value>" + _QUOTE + rb"[^\"'`\\]{1,128}" + _QUOTE + rb")"),
    ),
    (
        "person",
        b"user customer patient employee member passenger subscriber cardholder benef recipient operator author assignee client contact guest owner tenant",
        re.compile(rb"\b" + _ROLES + rb"\s{1,2}(?P<names>" + _NAMES + rb")"),
    ),
    (
        "person",
        b"mr ms miss dr prof sir madam herr frau dear hello hi hey",
        re.compile(rb"\b" + _TITLES + rb"\s{1,2}(?P<names>" + _NAMES + rb")"),
    ),
    ("person", b"user ", re.compile(rb"\b[Uu]ser\s(?P<value>[a-z][\w.-]{1,40})\s" + _ACTS + rb"\b")),
)
"""Kind; words one of which a message must hold, in lower case; pattern, of which the group ``value``, ``token`` or
``names`` (the whole match, where there is none) is masked unless it is harmless."""
_HINTED = tuple((kind, tuple(hints.split(b" ")) if hints else (b"",), pattern) for kind, hints, pattern in _RULES)

_NO_NAMES = frozenset(
    b"""Service Services API Manager Controller Id ID IDs Agent Agents Pool Account Accounts Session Sessions Request Requests
    Response Repository Interface Handler Event Events Store Storage Cache Group Groups Role Roles Login Logout Error Errors
    Exception Not Is Was Has Had Does Did Cannot Could Unknown Invalid Data Database DB Profile Profiles Created Updated
    Deleted Management Registration Authentication Authorization Auth Token Info Details Count List Listing Table Topic Queue
    Portal Name Names Timeout Limit Module Module Component Process Processes Thread Threads Type Types Directory Input Output
    Interface Space Mode Index Key Keys Value Values Record Records Resource Job Jobs Connection Connections Order Orders
    Support Success Failed Failure Successfully Email Mail Password Permission Permissions Access Preferences Settings
    Notification Notifications Message Messages Kernel World There All Team Everyone Server Client Status State For And
    The From With At On In Of To By Or If No New Old Only IP URL URI HTTP HTTPS TLS SSL SDK UI CLI VPN Root Admin""".split()
)
_PAST_LETTER = re.compile(rb"[a-z][A-Z]")
_BLOB = re.compile(rb"(?<![\w+/=-])[A-Za-z+/_=-]{16,512}(?![\w+/=-])")


def masks(message: bytes) -> list[Masked]:
    """What of a message must not leave, in order and without overlaps.

    >>> [(found.kind, message[found.begin : found.end]) for message in [b"login password=swordfish ok"]
    ...     for found in masks(message)]
    [('secret', b'swordfish')]
    """
    message = message[:MOST_READ]
    found = sorted(_found(message), key=lambda one: (one.begin, -one.end))
    kept: list[Masked] = []
    for one in found:
        if kept and one.begin < kept[-1].end:
            if one.end > kept[-1].end:
                kept[-1] = Masked(kept[-1].begin, one.end, kept[-1].kind)
        else:
            kept.append(one)
    return kept


def _found(message: bytes) -> Iterator[Masked]:
    lowered = message.lower()
    for kind, hints, pattern in _HINTED:
        if not any(hint in lowered for hint in hints):
            continue
        for match in pattern.finditer(message):
            group = match.lastgroup or 0
            begin, end = match.span(group)
            if group == "names":
                end = _names_end(message, begin, end)
            elif (
                (group == "token" and not _odd(message[begin:end]))
                or (group == "value" and _harmless(message[begin:end]))
                or (kind == "card" and not _luhn(message[begin:end]))
            ):
                continue
            if end > begin:
                yield Masked(begin, end, kind)
    for match in _BLOB.finditer(message):
        if _mixed(match.group()):
            yield Masked(*match.span(), "token")


def _harmless(value: bytes) -> bool:
    plain = value.strip(b"\\\"'`.:!?")
    return not plain or plain.lower() in _HARMLESS or _LAST_HARMLESS.match(plain) is not None


def _names_end(message: bytes, begin: int, end: int) -> int:
    """Where the names end that begin there: before the first word that is none."""
    last = begin
    for match in re.finditer(rb"\S+", message[begin:end]):
        word = match.group().rstrip(b".,'")
        if word in _NO_NAMES or (word.isupper() and len(word) > 1 and last == begin):
            break
        last = begin + match.end()
    return last


def _odd(token: bytes) -> bool:
    """Whether a word is none that people write: it has digits or signs, or capitals within."""
    return any(not 97 <= (byte | 32) <= 122 for byte in token.rstrip(b".,")) or _PAST_LETTER.search(token) is not None


def _mixed(token: bytes) -> bool:
    """Whether letters change their case as often as by chance, which names of classes do not."""
    return 5 * len(_PAST_LETTER.findall(token)) >= len(token)


def _luhn(digits: bytes) -> bool:
    """The check digit of cards (ISO/IEC 7812-1)."""
    total = 0
    for place, byte in enumerate(reversed([byte - 48 for byte in digits if 48 <= byte <= 57])):
        doubled = byte * (1 + place % 2)
        total += doubled - 9 * (doubled > 9)
    return total % 10 == 0
