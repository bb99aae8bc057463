"""Is this SALESmanago speaking, and whom does it concern (R53-R55)? The vectors are those of the contract, section 5.4."""

import hashlib

import pytest

from app.domain.shops.callbacks import NOBODYS_SECRET, reached, signature, verified
from app.domain.shops.shop import FanOut

SECRET, OLD_SECRET = "s3cretParam", "0ldSecretParam16"
JAN, PLUS = "jan.kowalski@example.com", "jan+test@example.com"
KEY_OF_JAN = "8e627799dec6a634ddaac0b83134b8e69988b9d3"
KEY_OF_PLUS = "32d52b023b095f10bb92038d84d3c6dd1b264158"


def sha1(text: str) -> str:
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


@pytest.mark.parametrize(("email", "key"), [(JAN, KEY_OF_JAN), (PLUS, KEY_OF_PLUS)])
def test_the_vectors_of_the_contract(email: str, key: str) -> None:
    assert signature(email, SECRET) == key == sha1(email + SECRET)


BELIEVED = {
    "as it stands": (JAN, KEY_OF_JAN, JAN),
    "the at sign encoded": ("jan.kowalski%40example.com", KEY_OF_JAN, JAN),
    "a plus sign that was not encoded": (PLUS, KEY_OF_PLUS, PLUS),
    "a plus sign that was": ("jan%2Btest%40example.com", KEY_OF_PLUS, PLUS),
    "encoded in small letters": ("jan%2btest@example.com", KEY_OF_PLUS, PLUS),
    "an upper-case key": (JAN, KEY_OF_JAN.upper(), JAN),
    "a key with spaces around it": (JAN, f" {KEY_OF_JAN} ", JAN),
    "an upper-case address signed as such": ("Jan.Kowalski@Example.com", sha1("Jan.Kowalski@Example.com" + SECRET), JAN),
    "an upper-case address signed in lower case": ("JAN.KOWALSKI@EXAMPLE.COM", KEY_OF_JAN, JAN),
    "an upper-case address with a plus sign": ("JAN+TEST@example.com", KEY_OF_PLUS, PLUS),
    "Polish letters": ("za%C5%BC%C3%B3%C5%82%C4%87@example.com", sha1("zażółć@example.com" + SECRET), "zażółć@example.com"),
}


@pytest.mark.parametrize(("raw", "key", "email"), BELIEVED.values(), ids=BELIEVED)
def test_a_key_that_fits_a_reading_of_the_address_is_believed(raw: str, key: str, email: str) -> None:
    assert verified(raw, key, [SECRET]) == email


@pytest.mark.parametrize(("raw", "key", "email"), BELIEVED.values(), ids=BELIEVED)
def test_during_rotation_either_secret_is_believed_in_either_place(raw: str, key: str, email: str) -> None:
    assert verified(raw, key, [SECRET, OLD_SECRET]) == email
    assert verified(raw, key, [OLD_SECRET, SECRET]) == email
    assert verified(raw, key, [OLD_SECRET]) is None


FORGED = {
    "another key": (JAN, KEY_OF_PLUS),
    "another address": ("ewa@example.com", KEY_OF_JAN),
    "one digit wrong": (JAN, KEY_OF_JAN[:-1] + "4"),
    "39 digits": (JAN, KEY_OF_JAN[:-1]),
    "41 digits": (JAN, KEY_OF_JAN + "3"),
    "40 signs that are no digits": (JAN, "g" * 40),
    "40 other signs": (JAN, "ż" * 40),
    "no key": (JAN, ""),
    "no address": ("", KEY_OF_JAN),
    "the address without secret": (JAN, sha1(JAN)),
    "secret first": (JAN, sha1(SECRET + JAN)),
    "an address with the secret appended": (JAN + SECRET, sha1(JAN + SECRET)),
    "a space where the signed address has a plus sign": ("jan test@example.com", KEY_OF_PLUS),
    "other digits than ours": (JAN, "".join(chr(ord("０") + int(sign)) if sign.isdigit() else sign for sign in KEY_OF_JAN)),
}


@pytest.mark.parametrize(("raw", "key"), FORGED.values(), ids=FORGED)
def test_any_other_key_is_not(raw: str, key: str) -> None:
    assert verified(raw, key, [SECRET]) is None
    assert verified(raw, key, [SECRET, OLD_SECRET]) is None


def test_without_a_secret_nothing_is_believed_not_even_the_stand_in() -> None:
    for key in (KEY_OF_JAN, sha1(JAN), sha1(JAN + NOBODYS_SECRET)):
        assert verified(JAN, key, []) is None


REACHED = {
    "all that know the person": (FanOut.ALL, {"a": True, "b": False}, ("a", "b")),
    "in the order of the shops": (FanOut.ALL, {"c": True, "a": True}, ("a", "c")),
    "one that knows the person": (FanOut.ALL, {"b": False}, ("b",)),
    "nobody knows the person: everybody is told": (FanOut.ALL, {}, ("a", "b", "c")),
    "by location: those it has the person from": (FanOut.BY_LOCATION, {"a": True, "b": False}, ("a",)),
    "by location, from two": (FanOut.BY_LOCATION, {"a": True, "b": False, "c": True}, ("a", "c")),
    "by location, from nobody: all that know the person": (FanOut.BY_LOCATION, {"a": False, "b": False}, ("a", "b")),
    "by location, nobody knows the person": (FanOut.BY_LOCATION, {}, ("a", "b", "c")),
    "a shop of another account is none of ours": (FanOut.ALL, {"a": True, "x": True}, ("a",)),
    "known in another account only": (FanOut.BY_LOCATION, {"x": True}, ("a", "b", "c")),
}


@pytest.mark.parametrize(("fan_out", "knowing", "shops"), REACHED.values(), ids=REACHED)
def test_which_shops_a_change_at_the_account_reaches(fan_out: FanOut, knowing: dict[str, bool], shops: tuple[str, ...]) -> None:
    assert reached(fan_out, ["a", "b", "c"], knowing) == shops
