//! Named checks of matched text: check digits, formats that decode, what tells a key from a placeholder.
//!
//! A check is total: any text gives a yes or a no. Sources stand beside each function.

mod digits;
mod national;
mod secrets;

pub use digits::{iban, luhn, payment_card, verhoeff};
pub use secrets::{crc32, shannon_bits};

/// A check that a rule names.
#[derive(Debug, Clone, Copy)]
pub struct Check {
    name: &'static str,
    accepts: fn(&str) -> bool,
    external: bool,
}

const TABLE: &[Check] = &[
    inside("payment_card", digits::payment_card),
    inside("luhn", digits::luhn),
    inside("iban", digits::iban),
    inside("ipv4_public", digits::ipv4_public),
    inside("email", digits::email),
    inside("us_ssn", national::us_ssn),
    inside("uk_nino", national::uk_nino),
    inside("de_tax_id", national::de_tax_id),
    inside("fr_nir", national::fr_nir),
    inside("es_dni", national::es_dni),
    inside("it_fiscal_code", national::it_fiscal_code),
    inside("nl_bsn", national::nl_bsn),
    inside("pl_pesel", national::pl_pesel),
    inside("br_cpf", national::br_cpf),
    inside("in_aadhaar", national::in_aadhaar),
    inside("cn_resident_id", national::cn_resident_id),
    inside("se_personal_number", national::se_personal_number),
    inside("jwt", secrets::jwt),
    inside("crc32_token", secrets::crc32_token),
    inside("aws_access_key", secrets::aws_access_key),
    inside("random_token", secrets::random_token),
    inside("password", secrets::password),
    inside("not_placeholder", secrets::not_placeholder),
    Check {
        name: "phone",
        accepts: digits::phone_shape,
        external: true,
    },
];

const fn inside(name: &'static str, accepts: fn(&str) -> bool) -> Check {
    Check {
        name,
        accepts,
        external: false,
    }
}

impl Check {
    /// The check of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        TABLE.iter().find(|check| check.name == name).copied()
    }

    /// All names.
    pub fn names() -> Vec<&'static str> {
        TABLE.iter().map(|check| check.name).collect()
    }

    /// Its name.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Whether the caller must confirm the match with a library of its own (telephone numbers).
    pub fn is_external(&self) -> bool {
        self.external
    }

    /// Whether the text passes.
    pub fn accepts(&self, text: &str) -> bool {
        (self.accepts)(text)
    }
}

/// The ASCII digits of a text, as numbers; `None` when it holds anything but digits, spaces, dots, dashes and slashes.
pub(crate) fn digits_of(text: &str) -> Option<Vec<u32>> {
    let mut digits = Vec::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '0'..='9' => digits.extend(character.to_digit(10)),
            ' ' | '-' | '.' | '/' | '\u{a0}' | '\u{2011}' | '\u{2013}' => {}
            _ => return None,
        }
    }
    Some(digits)
}
