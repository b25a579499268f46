# A list of words reads better as text.
"""Words that follow a telling key or a role in harmless log lines."""

from __future__ import annotations

HARMLESS = frozenset(
    b"""
    a an and are at be been by can cannot could did do does for from had has have if in into is it its no none
    not of on or our out over per so than that the their then there these they this to too true false null nil
    undefined unset was were when which while will with within without yes you your expired expires invalid
    valid missing required empty failed failure fails failing success succeeded successful incorrect wrong
    mismatch mismatched changed reset rejected denied accepted ok okay error errors unknown malformed absent
    provided given found revoked refreshed rotated authentication authorization auth policy provider service
    services validation verification check checked count length limit limits type types name names id ids list
    file files path store storage manager endpoint request requests response bucket cache key keys value values
    field parameter header cookie session sessions server client refresh access issued generated created updated
    deleted loaded read disabled enabled unsupported unavailable unauthorized forbidden must should may might
    only already also after before during because but used using use login logout log logged database connection
    pool agent interface group role space input data defined set get exists exist expected received timeout
    timed retry retrying pending active inactive registered unregistered locked unlocked all any each every some
    bad good same different root admin administrator guest system nobody anonymous daemon test postgres mysql
    redis kafka www-data default service-account svc bin operator backup sync unspecified n/a - * redacted
    masked hidden protected
    """.split()
)
"""Words that follow a telling key in harmless text, and accounts that are no person."""

NO_NAMES = frozenset(
    b"""
    Service Services API Manager Controller Id ID IDs Agent Agents Pool Account Accounts Session Sessions
    Request Requests Response Repository Interface Handler Event Events Store Storage Cache Group Groups Role
    Roles Login Logout Error Errors Exception Not Is Was Has Had Does Did Cannot Could Unknown Invalid Data
    Database DB Profile Profiles Created Updated Deleted Management Registration Authentication Authorization
    Auth Token Info Details Count List Listing Table Topic Queue Portal Name Names Timeout Limit Module Module
    Component Process Processes Thread Threads Type Types Directory Input Output Interface Space Mode Index Key
    Keys Value Values Record Records Resource Job Jobs Connection Connections Order Orders Support Success
    Failed Failure Successfully Email Mail Password Permission Permissions Access Preferences Settings
    Notification Notifications Message Messages Kernel World There All Team Everyone Server Client Status State
    For And The From With At On In Of To By Or If No New Old Only IP URL URI HTTP HTTPS TLS SSL SDK UI CLI VPN
    Root Admin
    """.split()
)
"""Words with a capital after a role, which are no names."""
