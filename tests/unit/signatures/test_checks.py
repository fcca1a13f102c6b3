"""Checksums against known answers from public specifications, and against look-alikes that must fail."""

import zlib

import pytest
from tests.unit.signatures.fakes import fillers, verhoeff

from aimds._core import run_check

# Source of each known answer beside it; all are published as examples, none belongs to a person.
KNOWN = [
    ("luhn", "79927398713", "79927398710"),  # Wikipedia, Luhn algorithm
    ("payment_card", "4242 4242 4242 4242", "4242 4242 4242 4241"),  # Stripe test cards
    ("payment_card", "378282246310005", "378282246310006"),  # PayPal test cards: American Express
    ("payment_card", "30569309025904", "9056930902590"),  # PayPal test cards: Diners Club
    ("iban", "GB82 WEST 1234 5698 7654 32", "GB82 WEST 1234 5698 7654 33"),  # ISO 13616 example, Wikipedia
    ("iban", "DE89370400440532013000", "DE8937040044053201300"),  # SWIFT IBAN registry
    ("iban", "FR14 2004 1010 0505 0001 3M02 606", "ZZ14 2004 1010 0505 0001 3M02 606"),  # SWIFT IBAN registry
    ("de_tax_id", "86095742719", "86095742718"),  # ELSTER, check digit example of the tax id
    ("fr_nir", "2 55 08 14 168 025 38", "2 55 08 14 168 025 39"),  # INSEE / Wikipedia, NIR
    ("es_dni", "12345678Z", "12345678A"),  # Ministerio del Interior, letter of the DNI
    ("es_dni", "X1234567L", "X1234567T"),  # the same for NIE
    ("it_fiscal_code", "RSSMRA85T10A562S", "RSSMRA85T10A562T"),  # Wikipedia, Codice fiscale
    ("nl_bsn", "111222333", "111222334"),  # RvIG test number, eleven test
    ("pl_pesel", "44051401359", "44051401358"),  # Wikipedia, PESEL
    ("br_cpf", "111.444.777-35", "111.444.777-36"),  # Receita Federal style example
    ("cn_resident_id", "11010519491231002X", "110105194912310021"),  # GB 11643-1999 example
    ("se_personal_number", "811218-9876", "811218-9875"),  # Wikipedia, personnummer
    ("us_ssn", "536-22-1234", "078-05-1120"),  # the wallet number of 1938 is no person's
    ("uk_nino", "JG 10 37 59 A", "QQ 12 34 56 C"),  # HMRC: Q is not issued
    ("ipv4_public", "8.8.8.8", "10.1.2.3"),  # RFC 1918
    ("email", "a.b@site.museum", "a.b@example.com"),  # RFC 2606
    ("aws_access_key", "AKIA" + "Q3EGRV6FJKZWL2MN", "AKIAIOSFODNN7EXAMPLE"),  # AWS documentation
]


@pytest.mark.parametrize(("check", "good", "bad"), KNOWN)
def test_known_answers(check: str, good: str, bad: str) -> None:
    """The published example passes, and the same with one character changed fails."""
    assert run_check(check, good)
    assert not run_check(check, bad)


@pytest.mark.parametrize(
    ("check", "name"),
    [
        ("payment_card", "card"),
        ("iban", "iban_gb"),
        ("de_tax_id", "de_tax_id"),
        ("nl_bsn", "nl_bsn"),
        ("pl_pesel", "pl_pesel"),
        ("br_cpf", "br_cpf"),
        ("in_aadhaar", "in_aadhaar"),
        ("cn_resident_id", "cn_resident_id"),
        ("luhn", "card"),
        ("crc32_token", "github_token"),
    ],
)
def test_one_wrong_digit_is_noticed(check: str, name: str) -> None:
    """Check digits are there to catch one wrong digit: changing any single one fails the check."""
    text = fillers()[name]
    assert run_check(check, text)
    for place, character in enumerate(text):
        if character.isdigit():
            wrong = text[:place] + str((int(character) + 1) % 10) + text[place + 1 :]
            assert not run_check(check, wrong), wrong


def test_verhoeff_agrees_with_the_group() -> None:
    """The kernel's table and products computed in the dihedral group accept the same numbers (236 is checked by 3)."""
    assert verhoeff("2363")
    accepted = [number for number in range(498172650000, 498172650400) if run_check("in_aadhaar", str(number))]
    assert accepted == [number for number in range(498172650000, 498172650400) if verhoeff(str(number))]
    assert len(accepted) == 40


def test_github_checksum_is_crc32() -> None:
    """The checksum of the token format is zlib's CRC-32 in base62."""
    token = fillers()["github_token"]
    alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    value = 0
    for digit in token[-6:]:
        value = value * 62 + alphabet.index(digit)
    assert value == zlib.crc32(token[4:34].encode())


@pytest.mark.parametrize(
    "text",
    [
        "9b74c9897bac770ffc029102a200c5de9b74c989",  # a git commit
        "123e4567-e89b-12d3-a456-426614174000",  # RFC 4122 example
        "YOUR_API_KEY_GOES_HERE_123",
        "xxxxxxxxxxxxxxxxxxxxxxxx1x2",
        "${SECRET_FROM_VAULT_12}",
        "this-is-a-long-branch-name",
        "process.env.API_KEY_12345",
    ],
)
def test_what_is_no_secret(text: str) -> None:
    """Hashes, UUIDs, placeholders, variables and names are not random tokens."""
    assert not run_check("random_token", text)


@pytest.mark.parametrize("text", ["1718000000", "1718000000000", "2024-05-17", "17.05.2024", "192.168.10.20", "12345"])
def test_what_is_no_telephone(text: str) -> None:
    """Unix times, dates, addresses and short numbers are not candidates."""
    assert not run_check("phone", text)


def test_unknown_checks_are_refused() -> None:
    """A check that is not known is an error, not a yes."""
    with pytest.raises(ValueError, match="not a check"):
        run_check("magic", "1")
