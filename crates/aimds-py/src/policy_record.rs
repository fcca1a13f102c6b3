//! Conversion of an event record from Python. What is missing or `None` is unknown to the policies.

use crate::kernels::bad_value;
use aimds_policy::limits::{VALUE_DEPTH_MAX, VALUES_MAX};
use aimds_policy::record::{EventRecord, RecordValue};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyInt, PyList, PyString, PyTuple};

/// Nesting that is converted: the object of all arguments lies around each of them.
const CONVERTED_DEPTH_MAX: usize = VALUE_DEPTH_MAX + 1;

/// Reads a record from a dictionary with the fields of `aimds_policy::record::EventRecord`.
pub(crate) fn record(fields: &Bound<'_, PyDict>) -> PyResult<EventRecord> {
    let py = fields.py();
    let mut record = EventRecord::default();
    for (key, value) in fields {
        let name: String = key.extract()?;
        if value.is_none() {
            continue;
        }
        let read = match name.as_str() {
            "id" => value.extract().map(|id| record.id = Some(id)),
            "time_ms" => value.extract().map(|time_ms| record.time_ms = time_ms),
            "kind" => value.extract().map(|kind| record.kind = kind),
            "role" => value.extract().map(|role| record.role = Some(role)),
            "trust" => value.extract().map(|trust| record.trust = Some(trust)),
            "tool" => value.extract().map(|tool| record.tool = Some(tool)),
            "text" => value.extract().map(|text| record.text = Some(text)),
            "arguments" => pairs(&value).map(|all| {
                record.unread |= all.is_none();
                record.arguments = all;
            }),
            "attributes" => pairs(&value).map(|all| {
                record.unread |= all.is_none();
                record.attributes = all.unwrap_or_default();
            }),
            "references" => value.extract().map(|all| record.references = all),
            "expires_ms" => value
                .extract()
                .map(|expires_ms| record.expires_ms = Some(expires_ms)),
            "about" => value.extract().map(|all| record.about = all),
            "scores" => scores(&value).map(|all| record.scores = all),
            "covered" => value.extract().map(|covered| record.covered = covered),
            _ => return Err(bad_value(py, "event", &format!("there is no field `{name}`"))),
        };
        read.map_err(|error| bad_value(py, "event", &format!("field `{name}`: {}", error.value(py))))?;
    }
    Ok(record)
}

/// Pairs of a detector and thousandths: tuples, or lists of two as JSON has them.
fn scores(value: &Bound<'_, PyAny>) -> PyResult<Vec<(String, u16)>> {
    if value.len()? > VALUES_MAX {
        return Err(bad_value(
            value.py(),
            "event",
            &format!("more than {VALUES_MAX} scores"),
        ));
    }
    let pairs = value.try_iter()?.map(|pair| {
        let pair = pair?;
        match pair.cast::<PyList>() {
            Ok(list) => list.to_tuple().extract(),
            Err(_) => pair.extract(),
        }
    });
    pairs.collect()
}

/// Counts what is converted, so that no argument can fill memory twice.
struct Converter {
    left: usize,
}

/// The pairs of an object; `None` when they are too many, or nest too deep. Of a part nobody could say what is missing: whether a
/// name stands behind it, or stands there a second time.
fn pairs(value: &Bound<'_, PyAny>) -> PyResult<Option<Vec<(String, RecordValue)>>> {
    // The object itself counts as one.
    let mut converter = Converter { left: VALUES_MAX + 1 };
    match converter.value(value, 0)? {
        Some(RecordValue::Map(all)) => Ok(Some(all)),
        None => Ok(None),
        Some(_) => Err(bad_value(value.py(), "event", &"expected an object")),
    }
}

impl Converter {
    /// `None` beyond the bounds. Objects are dictionaries, or tuples of pairs where a name may stand twice.
    fn value(&mut self, value: &Bound<'_, PyAny>, depth: usize) -> PyResult<Option<RecordValue>> {
        if self.left == 0 || depth > CONVERTED_DEPTH_MAX {
            return Ok(None);
        }
        self.left -= 1;
        if let Ok(list) = value.cast::<PyList>() {
            let all: PyResult<Option<Vec<_>>> = list.iter().map(|one| self.value(&one, depth + 1)).collect();
            return Ok(all?.map(RecordValue::List));
        }
        if let Ok(dictionary) = value.cast::<PyDict>() {
            return self.object(dictionary.iter().map(Ok), depth);
        }
        if let Ok(pairs) = value.cast::<PyTuple>() {
            return self.object(pairs.iter().map(|pair| pair.extract()), depth);
        }
        single(value).map(Some)
    }

    fn object<'py>(
        &mut self,
        pairs: impl Iterator<Item = PyResult<(Bound<'py, PyAny>, Bound<'py, PyAny>)>>,
        depth: usize,
    ) -> PyResult<Option<RecordValue>> {
        let mut all = Vec::new();
        for pair in pairs {
            let (name, one) = pair?;
            let name = name.cast::<PyString>()?.to_string_lossy().into_owned();
            match self.value(&one, depth + 1)? {
                Some(value) => all.push((name, value)),
                None => return Ok(None),
            }
        }
        Ok(Some(RecordValue::Map(all)))
    }
}

/// A value that holds no others.
fn single(value: &Bound<'_, PyAny>) -> PyResult<RecordValue> {
    if value.is_none() {
        return Ok(RecordValue::Null);
    }
    if let Ok(flag) = value.cast::<PyBool>() {
        return Ok(RecordValue::Flag(flag.is_true()));
    }
    if value.is_instance_of::<PyInt>() {
        return Ok(match value.extract::<i64>() {
            Ok(number) => RecordValue::Integer(number),
            Err(_) => RecordValue::Decimal(value.str()?.to_string_lossy().into_owned()),
        });
    }
    if let Ok(text) = value.cast::<PyString>() {
        return Ok(RecordValue::Text(text.to_string_lossy().into_owned()));
    }
    // Floats and decimals as text: amounts must not be rounded on the way.
    Ok(RecordValue::Decimal(value.str()?.to_string_lossy().into_owned()))
}
