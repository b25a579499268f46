# ruff: noqa: E501, ISC004
# A pattern reads better in one line.
"""Patterns of secrets and personal data in log lines; see ``masking`` for how they are used.

All repetitions have bounds. Patterns are of bytes, where all letters past ASCII are one class.
"""

from __future__ import annotations

import re

_QUOTE = rb"\\{0,3}[\"'`]"
_SEPARATOR = rb"\s{0,3}(?:=>|:=|==|=|:)\s{0,3}\[?"
_STOPS = rb"\s,;&\"'`<>(){}\[\]|"
_BARE = rb"[^" + _STOPS + rb"]{1,512}(?:[,;&](?![\w.-]{1,40}=)[^" + _STOPS + rb"]{1,512}){0,8}"
_QUOTED = (
    rb"\\{1,3}\"(?:[^\"\\]|\\[^\"\\]){0,512}(?:\\{1,3}\"|\Z)|\"(?:[^\"\\]|\\.){0,512}(?:\"|\Z)|"
    rb"\\{0,3}'(?:[^'\\]|\\.|''){0,512}(?:'|\Z)|`[^`]{0,512}(?:`|\Z)"
)
_VALUE = rb"(?P<value>" + _QUOTED + rb"|" + _BARE + rb")"
_NAME = rb"[A-Z\xc3-\xf4][\w\x80-\xff'.-]{0,40}(?![\w=:(])"
_GAP = rb"(?:\s|\+|%20)(?:(?:van|von|der|den|de|da|di|del|la|le|ter|bin|al|dos)\s){0,2}"
_NAMES = _NAME + rb"(?:" + _GAP + _NAME + rb"){0,3}"

_PASSWORD = rb"(?:passw(?:or)?d|passwort|passphrase|passcode|passwd|pass|pwd|pw|contrase\xc3\xb1a)"
_OF_KEY = rb"(?:s|[_-]?(?:value|v?\d{1,3}|hash|string|text|hex|base64|b64|enc|current|new|old|confirm|confirmation|plain|raw)){0,2}"
_STRONG_KEY = (
    rb"(?i:[\w.-]{0,40}(?:" + _PASSWORD + rb"|mnemonic|passkey)|pin|otp|cvv2?|cvc|ssn|community|security[_-]?code)"
)
_WEAK_KEY = (
    rb"(?i:[\w.-]{0,40}(?:secret|token|credential|signature|(?:api|access|private|account|shared|signing|encryption|master|"
    rb"auth|secret|license|webhook|ssh|host)[_.-]?key|session[_.-]?id|connection[_.-]?string)|sid|sig|jwt|bearer|sas|auth|"
    rb"x-[\w-]{0,30}(?:key|token|secret)|(?:jsession|php?sess)_?id)"
)
_PERSON_KEY = (
    rb"(?i:(?:[\w]{1,20}[_.-])?(?:user[_.-]?name|user|login|uname|logname|ruser|customer|patient|employee|"
    rb"(?:first|last|full|given|family|middle|sur|nick|display|real|maiden|contact|cardholder|holder|author|owner|client|"
    rb"customer|patient|employee|recipient|sender|beneficiary)[_.-]?name|surname|(?:card[_-]?)?holder|given(?=[\"'])|family(?=[\"'])|"
    rb"account[_.-]?holder|recipient|beneficiary|assignee|passenger|vorname|nachname|nombre|apellidos?|pr\xc3\xa9nom|"
    rb"e?mail|phone|mobile)|\xe6\xb0\x8f\xe5\x90\x8d|\xe5\x90\x8d\xe5\x89\x8d|\xe5\xa7\x93\xe5\x90\x8d|"
    rb"\xd0\xb8\xd0\xbc\xd1\x8f|\xd1\x84\xd0\xb0\xd0\xbc\xd0\xb8\xd0\xbb\xd0\xb8\xd1\x8f)"
)
_PLACE_KEY = rb"(?i:[\w]{0,20}[ _.-]?(?:street[_-]?)?(?:address|adresse|addr)(?:[_-]?line)?[_-]?\d?|deliver(?:ed)?_to|ship_to|street)"
_ROLES = (
    rb"(?:[Uu]sers?|[Uu]sername|[Cc]ustomer|[Pp]atient|[Ee]mployee|[Mm]ember|[Pp]assenger|[Ss]ubscriber|[Cc]ardholder|"
    rb"[Bb]eneficiary|[Rr]ecipient|[Aa]uthor|[Aa]ssignee|[Cc]lient|[Cc]ontact|[Gg]uest|[Oo]wner)"
)
_TITLES = rb"(?:Mr|Mrs|Ms|Miss|Dr|Prof|Sir|Madam|Herr|Frau|Dear|Hello|Hi|Hey)\.?"
_ACTS = (
    rb"(?:logged|signed|requested|created|deleted|updated|authenticated|connected|disconnected|joined|left|uploaded|"
    rb"downloaded|purchased|bought|ordered|paid|changed|added|removed|tried|attempted|approved|rejected|registered|"
    rb"confirmed|cancelled|called|locked|unlocked|successfully|entered|sent|does|exceeded|opened|closed|accepted)"
)


def _compiled(*rules: tuple[str, str, bytes]) -> tuple[tuple[str, tuple[bytes, ...], re.Pattern[bytes]], ...]:
    return tuple((kind, tuple(hints.encode().split()) or (b"",), re.compile(text)) for kind, hints, text in rules)


_BEGIN = rb"(?<![A-Za-z0-9])"
_OPTIONAL_QUOTE = rb"(?:" + _QUOTE + rb")?"
SECRETS = _compiled(
    (
        "private_key",
        "-----begin",
        rb"-----BEGIN [A-Z0-9 ]{0,30}(?:PRIVATE KEY|MESSAGE)[A-Z0-9 ]{0,20}-----(?s:.){0,4096}?(?:-----END [A-Z0-9 ]{0,40}-----|\Z)",
    ),
    ("jwt", "ey", rb"\bey[A-Za-z0-9_-]{6,2048}\.[A-Za-z0-9_-]{4,4096}(?:\.[A-Za-z0-9_-]{0,2048})?"),
    (
        "cookie",
        "cookie",
        rb"(?i:\b(?:set-)?cookie)" + _OPTIONAL_QUOTE + rb"\s{0,2}[:=]\s{0,2}(?P<value>[^\r\n]{1,2048})",
    ),
    (
        "authorization",
        "authorization",
        rb"(?i:\b(?:proxy-)?authorization)"
        + _OPTIONAL_QUOTE
        + _SEPARATOR
        + _OPTIONAL_QUOTE
        + rb"(?P<value>(?:[A-Za-z][\w-]{1,20}\s{1,3})?[^\s\"',;}\]]{1,4096})",
    ),
    (
        "authorization",
        "bearer basic negotiate",
        rb"(?i:\b(?:bearer|basic|negotiate))\s{1,3}(?!\w{1,30}=[\"'])(?P<token>[\w.~+/=-]{4,4096})",
    ),
    (
        "token",
        "_ - sg. aiza ya29 hvs. akia asia aroa aida agpa eyj eaa dapi s.",
        rb"\b(?:gh[pousr]_|github_pat_|gl[a-z]{2,5}[-_]|xox[a-z]{1,2}-|xapp-|(?:sk|pk|rk)_(?:live|test)_|whsec_|sk-|npm_|"
        rb"pypi-|hf_|do[oprt]_v1_|shp[a-z]{2}_|sq0[a-z]{3}-|SG\.|AIza|ya29\.|GOCSPX-|hvs\.|s\.(?=[a-z]{0,20}\d)|dapi|nfp_|fio-|"
        rb"rubygems_|AKIA|ASIA|AROA|AIDA|AGPA|AGE-SECRET-KEY-|eyJ|EAA[A-Za-z]{4}|key-|phc_|lin_api_|secret_)"
        rb"[A-Za-z0-9_./+=~-]{8,1024}",
    ),
    ("token", "token secret key", rb"(?i:\b(?:token|secret|key))\s{1,3}(?P<odd>[A-Za-z0-9_.~+/=-]{16,1024})"),
    ("url_credentials", "://", rb"(?<=://)[^\s/\"'<>@]{1,256}(?::[^\s\"'<>]{0,256}?)?@(?=[\w\[])"),
    ("url_credentials", "@", rb"(?<=:)[\w.-]{1,64}/[^\s/@]{1,128}@(?=[\w.-]{1,63}:)"),
    (
        "url_credentials",
        "@",
        rb"\b[\w.-]{1,64}:[^\s:@/\"'<>]{1,128}@(?=(?:tcp|unix|[\w-]{1,63}\.[\w.-]{1,63}|localhost)[(:/])",
    ),
    (
        "secret",
        "pass pw pin otp cvv cvc ssn community security mnemonic contrase",
        _BEGIN + rb"(?!(?i:pass):\s)" + _STRONG_KEY + _OF_KEY + _OPTIONAL_QUOTE + rb"\]?" + _SEPARATOR + _VALUE,
    ),
    (
        "secret",
        "secret token key cred session signature sid sig jwt bearer sas auth connection jsess phpsess",
        _BEGIN
        + rb"(?<!\d:)"
        + _WEAK_KEY
        + _OF_KEY
        + _OPTIONAL_QUOTE
        + rb"\]?"
        + rb"(?!:\s{1,3}[a-z]{1,40}(?![\w.+/=-]))"
        + _SEPARATOR
        + _VALUE,
    ),
    (
        "secret",
        "pass pw key pin cred secret token",
        rb"(?i:(?<![\w/.-])(?:" + _PASSWORD + rb"|api[ _-]?key|pin|credentials?))s?\s{1,3}(?P<value>" + _QUOTED + rb")",
    ),
    (
        "secret",
        "pass pwd secret token key pin",
        rb"(?i:\b(?:with|using|new|old|temporary|temp|initial|default|current|my|your|his|her|the)\s{1,3}"
        rb"(?:password|passphrase|passwd|passcode|pass|pwd|secret|api[ _-]?key|access[ _-]key|token|pin)"
        rb"(?:\s{1,3}(?:is|was|of|to|set\sto|changed\sto))?)\s{1,3}(?P<value>" + _BARE + rb")",
    ),
    (
        "secret",
        "pass pwd secret token key pin",
        rb"(?i:(?<![\w/.-])(?:password|passphrase|passwd|passcode|pwd|secret|api[ _-]?key|access[ _-]key|token|pin)"
        rb"(?:\sfor\s[\w.@-]{1,64})?\s{1,3}(?:is|was|set\sto|changed\sto|to))\s{1,3}" + _VALUE,
    ),
    ("secret", "-p -- -s", rb"(?<![\w-])--?(?:password|passwd|pass|pwd|token|secret|api-?key|key|p)[ =]" + _VALUE),
    ("secret", "mysql mariadb", rb"\b(?:mysql|mariadb)\w{0,10}\b[^|;\n]{0,200}?\s-p(?P<value>[^\s-]\S{0,256})"),
    (
        "secret",
        "redis-cli ldap sshpass",
        rb"\b(?:redis-cli|ldap\w{3,10}|sshpass)\b[^|;\n]{0,200}?\s-(?:a|w|p)\s?" + _VALUE,
    ),
    ("secret", "-u ", rb"(?<=-u )[\w.-]{1,64}:" + _BARE),
    (
        "secret",
        "value=",
        rb"(?:key|name)\s{0,2}=\s{0,2}[\"'](?:"
        + _STRONG_KEY
        + rb"|"
        + _WEAK_KEY
        + rb")[\"']\s{1,3}value\s{0,2}=\s{0,2}(?P<value>"
        + _QUOTED
        + rb")",
    ),
    (
        "secret",
        "</",
        rb"<(?:\w{1,20}:)?(?:" + _STRONG_KEY + rb"|" + _WEAK_KEY + rb")(?:\s[^<>]{0,200})?>(?P<value>[^<]{1,1024})",
    ),
)
PERSONAL = _compiled(
    ("email", "@", rb"[\w.!#$%&*+/=?^`{|}~\x80-\xff-]{1,64}@(?:[\w\x80-\xff-]{1,63}\.){1,8}[A-Za-z]{2,24}(?![\w.])"),
    ("iban", "", rb"\b[A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]{4}){2,7}(?:[ -]?[A-Z0-9]{1,4})?\b"),
    ("national_id", "", rb"\b[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d\d ?\d\d ?\d\d ?[A-D]\b"),
    ("passport", "<<", rb"\b[A-Z][A-Z<][A-Z]{3}[A-Z<]{10,60}|\b[A-Z]{2,30}<<[A-Z<]{3,60}"),
    ("card", "", rb"(?<![\d.-])\d(?:[ -]?\d){12,18}(?![\d.-])"),
    (
        "phone",
        "+ (",
        rb"(?<![\w.])\+\d{1,3}[ .-]?(?:\(\d{1,4}\)[ .-]?)?\d{2,4}(?:[ .-]?\d{2,4}){1,4}(?![\w.])|\(\d{3}\) ?\d{3}-\d{4}",
    ),
    (
        "person",
        "user login uname logname customer patient employee name holder given family recipient benef assignee passenger nombre "
        "apellido prénom mail phone mobile 氏名 名前 姓名 имя фамилия",
        _BEGIN
        + _PERSON_KEY
        + _OPTIONAL_QUOTE
        + _SEPARATOR
        + rb"(?P<value>"
        + _QUOTED
        + rb"|"
        + _NAMES
        + rb"|"
        + _BARE
        + rb")",
    ),
    (
        "person",
        "name",
        _BEGIN
        + rb"(?i:name)"
        + _OPTIONAL_QUOTE
        + _SEPARATOR
        + _OPTIONAL_QUOTE
        + rb"(?P<names>"
        + _NAME
        + rb"(?:"
        + _GAP
        + _NAME
        + rb"){1,3})",
    ),
    ("person", "", rb"\b" + _ROLES + rb"\s{1,2}(?P<value>\"[^\"\\]{1,128}\"|'[^'\\]{1,128}'|`[^`\\]{1,128}`)"),
    ("person", "", rb"\b" + _ROLES + rb"\s{1,2}(?P<names>" + _NAMES + rb")"),
    (
        "person",
        "mr ms miss dr prof sir madam herr frau dear hello hi hey",
        rb"\b" + _TITLES + rb"\s{1,2}(?P<names>" + _NAMES + rb")",
    ),
    ("person", "user", rb"\b[Uu]ser\s(?P<value>[a-z][\w.-]{1,40})\s" + _ACTS + rb"\b"),
    (
        "person",
        "</",
        rb"<(?:\w{1,20}:)?(?:" + _PERSON_KEY + rb"|" + _PLACE_KEY + rb")(?:\s[^<>]{0,200})?>(?P<value>[^<]{1,512})",
    ),
    (
        "address",
        "addr adress deliver ship street",
        _BEGIN
        + _PLACE_KEY
        + _OPTIONAL_QUOTE
        + _SEPARATOR
        + rb"(?P<place>"
        + _QUOTED
        + rb"|[^=\"'<>(){}\n]{1,200}(?=,\s\w{1,40}=|\s\w{1,40}=|[)}\n<]|\Z))",
    ),
    ("address", "addr", rb"(?i:address)\s(?P<place>" + _QUOTED + rb")"),
)
"""Kind; words one of which a message must hold, in lower case; pattern. The group of the pattern (the whole match, where
there is none) is masked unless it turns out to be harmless: see ``masking``."""
