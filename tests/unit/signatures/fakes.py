"""Made-up credentials and identity numbers for the `{{name}}` slots of rule examples, computed and never written down.

Each follows the published format, check digits included, and is drawn from a fixed seed: no file of the repository
holds a string that a secret scanner would take for live.
"""

import base64
import json
import random
import zlib
from functools import cache

DIGITS = "0123456789"
UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
LOWER = UPPER.lower()
ALNUM = DIGITS + UPPER + LOWER


def luhn_digit(digits: str) -> str:
    """The digit that makes `digits` followed by it pass Luhn's formula."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        number = int(digit) * (2 if place % 2 == 0 else 1)
        total += number - 9 if number > 9 else number
    return str(-total % 10)


def iban(country: str, account: str) -> str:
    """An IBAN with its check digits (ISO 13616), grouped by four."""
    number = int("".join(str(int(character, 36)) for character in account + country + "00"))
    text = f"{country}{98 - number % 97:02d}{account}"
    return " ".join(text[start : start + 4] for start in range(0, len(text), 4))


def crc_token(prefix: str, body: str) -> str:
    """`prefix_body` with the CRC-32 of the body in six base62 digits."""
    value, check = zlib.crc32(body.encode()), ""
    for _ in range(6):
        check = (DIGITS + UPPER + LOWER)[value % 62] + check
        value //= 62
    return f"{prefix}_{body}{check}"


def jwt(draw: random.Random) -> str:
    """A JSON Web Token with a random signature."""
    parts = [json.dumps({"alg": "HS256", "typ": "JWT"}), json.dumps({"sub": "12", "name": "no one at all"})]
    encoded = [base64.urlsafe_b64encode(part.encode()).decode().rstrip("=") for part in parts]
    return ".".join([*encoded, base64.urlsafe_b64encode(draw.randbytes(32)).decode().rstrip("=")])


def _national() -> dict[str, str]:
    """Numbers of people who do not exist, with right check digits."""
    tax = "8609574271"
    product = 10
    for digit in tax:
        total = (product + int(digit)) % 10 or 10
        product = total * 2 % 11
    nir = "1840675001023"
    fiscal = "BNCLRA80A41H501"
    odd = [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23]
    values = [int(c) if c.isdigit() else UPPER.index(c) for c in fiscal]
    fiscal += UPPER[sum(odd[v] if place % 2 == 0 else v for place, v in enumerate(values)) % 26]
    bsn = "11122233"
    bsn += str(sum(int(d) * w for d, w in zip(bsn, range(9, 1, -1), strict=True)) % 11)
    pesel = "8507193421"
    pesel += str(-sum(int(d) * w for d, w in zip(pesel, [1, 3, 7, 9, 1, 3, 7, 9, 1, 3], strict=True)) % 10)
    cpf = "529982247"
    for _ in range(2):
        rest = sum(int(d) * w for d, w in zip(cpf, range(len(cpf) + 1, 1, -1), strict=True)) * 10 % 11
        cpf += str(rest % 10)
    resident = "11010519491231002"
    weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]
    resident += "10X98765432"[sum(int(d) * w for d, w in zip(resident, weights, strict=True)) % 11]
    swedish = "811218987"
    return {
        "de_tax_id": tax + str((11 - product) % 10),
        "fr_nir": f"{nir}{97 - int(nir) % 97:02d}",
        "it_fiscal_code": fiscal,
        "nl_bsn": bsn,
        "pl_pesel": pesel,
        "br_cpf_plain": cpf,
        "br_cpf": f"{cpf[:3]}.{cpf[3:6]}.{cpf[6:9]}-{cpf[9:]}",
        "cn_resident_id": resident,
        "se_personal_number": f"{swedish[:6]}-{swedish[6:]}{luhn_digit(swedish)}",
        "es_dni": "45678123" + "TRWAGMYFPDXBNJZSQVHLCKE"[45678123 % 23],
        "es_nie": "X2345671" + "TRWAGMYFPDXBNJZSQVHLCKE"[2345671 % 23],
        "us_ssn": "-".join(["536", "28", "4917"]),
        "uk_nino": " ".join(["SG", "42", "18", "73", "B"]),
        "in_aadhaar": next(f"49817265{tail:04d}" for tail in range(10000) if verhoeff(f"49817265{tail:04d}")),
    }


def verhoeff(digits: str) -> bool:
    """Verhoeff's check from the group itself: products in the dihedral group D5, the permutation raised by place."""
    permutation = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4]

    def product(left: int, right: int) -> int:
        if left < 5:
            return (left + right) % 5 if right < 5 else 5 + (left + right - 5) % 5
        return 5 + (left - 5 - right) % 5 if right < 5 else (left - right) % 5

    check = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit)
        for _ in range(place % 8):
            value = permutation[value]
        check = product(check, value)
    return check == 0


@cache
def fillers() -> dict[str, str]:
    """Name to made-up value."""
    draw = random.Random(20)

    def take(alphabet: str, count: int) -> str:
        return "".join(draw.choice(alphabet) for _ in range(count))

    card = "453201511283036"
    card += luhn_digit(card)
    body = base64.b64encode(draw.randbytes(600)).decode()
    begin, end = "-----BEGIN " + "{} PRIVATE KEY-----\n", "\n-----END " + "{} PRIVATE KEY-----"
    return {
        "aws_access_key": "AKIA" + take(UPPER + "234567", 16),
        "aws_secret": take(ALNUM, 40),
        "github_token": crc_token("ghp", take(ALNUM, 30)),
        "github_fine_grained": "github_pat_" + take(ALNUM, 22) + "_" + take(ALNUM, 59),
        "gitlab_token": "glpat-" + take(ALNUM, 20),
        "slack_token": "xoxb-" + take(DIGITS, 12) + "-" + take(DIGITS, 12) + "-" + take(ALNUM, 24),
        "slack_webhook": "https://hooks.slack.com/services/"
        "T" + take(UPPER, 8) + "/B" + take(UPPER, 8) + "/" + take(ALNUM, 24),
        "stripe_live": "sk_live_" + take(ALNUM, 24),
        "stripe_webhook": "whsec_" + take(ALNUM, 32),
        "google_api": "AIza" + take(ALNUM, 35),
        "google_oauth": "GOCSPX-" + take(ALNUM, 28),
        "openai_key": "sk-" + take(ALNUM, 20) + "T3Blbk" + "FJ" + take(ALNUM, 20),
        "openai_project_key": "sk-proj-" + take(ALNUM, 48),
        "anthropic_key": "sk-ant-api03-" + take(ALNUM, 93),
        "hugging_face": "hf_" + take(UPPER + LOWER, 34),
        "npm_token": crc_token("npm", take(ALNUM, 30)),
        "pypi_token": "pypi-" + "AgEIcHlwaS5vcmc" + take(ALNUM, 80),
        "azure_key": take(ALNUM, 86) + "==",
        "sendgrid": "SG." + take(ALNUM, 22) + "." + take(ALNUM, 43),
        "digitalocean": "dop_v1_" + take("0123456789abcdef", 64),
        "telegram": take("123456789", 9) + ":AA" + take(ALNUM, 33),
        "jwt": jwt(draw),
        "pem": begin.format("RSA") + body + end.format("RSA"),
        "ssh_key": begin.format("OPENSSH") + body + end.format("OPENSSH"),
        "password": "Tr0ub" + take(ALNUM, 6) + "!9",
        "random": take(ALNUM, 40),
        "card": card,
        "card_spaced": " ".join(card[start : start + 4] for start in range(0, 16, 4)),
        "iban_de": iban("DE", "500105175407324931"),
        "iban_gb": iban("GB", "MIDL40051512345674"),
        **_national(),
    }
