//! Whatever serde can read, YAML or JSON, to a JSON value: keys are strings, duplicate keys are refused, merge keys
//! are merged, numbers are what the API server's tools make of them, and nothing grows without bound.

use super::Limits;
use serde::de::{DeserializeSeed, Deserializer, EnumAccess, Error, MapAccess, SeqAccess, VariantAccess, Visitor};
use serde_json::{Map, Number, Value};
use std::{
    cell::{Cell, RefCell},
    fmt,
};

/// Reads one value within limits.
pub(super) struct Reader<'l> {
    limits: &'l Limits,
    /// Whether `<<` merges: in YAML.
    merges: bool,
    values: Cell<usize>,
    refusal: RefCell<Option<Refusal>>,
}

/// Why this reader, and not the parser below it, stopped.
#[derive(Debug, Clone)]
pub(super) enum Refusal {
    Duplicate(String),
    Other(String),
}

impl<'l> Reader<'l> {
    pub(super) fn yaml(limits: &'l Limits) -> Self {
        Self { limits, merges: true, values: Cell::new(0), refusal: RefCell::default() }
    }

    pub(super) fn json(limits: &'l Limits) -> Self {
        Self { merges: false, ..Self::yaml(limits) }
    }

    pub(super) fn read<'de, D: Deserializer<'de>>(&self, source: D) -> Result<Value, D::Error> {
        Seed { reader: self, depth: 0 }.deserialize(source)
    }

    pub(super) fn refusal(&self) -> Option<Refusal> {
        self.refusal.borrow().clone()
    }

    fn refuse<T, E: Error>(&self, refusal: Refusal) -> Result<T, E> {
        self.refusal.replace(Some(refusal));
        Err(E::custom("refused"))
    }

    fn refuse_for<T, E: Error>(&self, reason: impl Into<String>) -> Result<T, E> {
        self.refuse(Refusal::Other(reason.into()))
    }

    fn count<E: Error>(&self) -> Result<(), E> {
        let values = self.values.get() + 1;
        self.values.set(values);
        if values > self.limits.values {
            let limit = self.limits.values;
            return self.refuse_for(format!("more than {limit} values with aliases expanded (limit `values`)"));
        }
        Ok(())
    }
}

#[derive(Clone, Copy)]
struct Seed<'r> {
    reader: &'r Reader<'r>,
    depth: usize,
}

impl<'r> Seed<'r> {
    fn inner<E: Error>(self) -> Result<Seed<'r>, E> {
        let limit = self.reader.limits.depth;
        if self.depth >= limit {
            let reason = format!("more than {limit} mappings and sequences inside each other (limit `depth`)");
            return self.reader.refuse_for(reason);
        }
        Ok(Seed { depth: self.depth + 1, ..self })
    }

    fn insert<E: Error>(self, fields: &mut Map<String, Value>, key: String, value: Value) -> Result<(), E> {
        if fields.contains_key(&key) {
            return self.reader.refuse(Refusal::Duplicate(key));
        }
        fields.insert(key, value);
        Ok(())
    }
}

impl Seed<'_> {
    /// What is written wins over what is merged, and an earlier source over a later one.
    fn merge<E: Error>(self, fields: &mut Map<String, Value>, source: Value) -> Result<(), E> {
        let sources = match source {
            Value::Array(sources) => sources,
            one => vec![one],
        };
        for source in sources {
            let Value::Object(source) = source else {
                return self.reader.refuse_for("`<<` merges a mapping or a list of mappings, and this is neither");
            };
            for (key, value) in source {
                fields.entry(key).or_insert(value);
            }
        }
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, source: D) -> Result<Value, D::Error> {
        self.reader.count()?;
        source.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i128<E: Error>(self, value: i128) -> Result<Value, E> {
        self.visit_f64(value as f64)
    }

    fn visit_u128<E: Error>(self, value: u128) -> Result<Value, E> {
        self.visit_f64(value as f64)
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        // Go prints 3.0 as 3, and so an integer arrives at the API server.
        if value.fract() == 0.0 && value.abs() < 9e15 {
            return Ok((value as i64).into());
        }
        match Number::from_f64(value) {
            Some(number) => Ok(Value::Number(number)),
            None => self.reader.refuse_for("the API server takes no infinity and no NaN"),
        }
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E: Error>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let inner = self.inner()?;
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(inner)? {
            list.push(item);
        }
        Ok(list.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let inner = self.inner()?;
        let mut fields = Map::new();
        let mut merged = Vec::new();
        while let Some(key) = entries.next_key_seed(Key(self.reader))? {
            let value = entries.next_value_seed(inner)?;
            if self.reader.merges && key == "<<" {
                merged.push(value);
            } else {
                self.insert(&mut fields, key, value)?;
            }
        }
        for source in merged {
            self.merge(&mut fields, source)?;
        }
        Ok(fields.into())
    }

    /// A tag that nobody knows: what it stands on is read as if it were not there, as Go does.
    fn visit_enum<A: EnumAccess<'de>>(self, tagged: A) -> Result<Value, A::Error> {
        let (_, content) = tagged.variant::<String>()?;
        content.newtype_variant_seed(self)
    }
}

/// A key, as the string that the API server's tools make of it.
struct Key<'r>(&'r Reader<'r>);

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = String;

    fn deserialize<D: Deserializer<'de>>(self, source: D) -> Result<String, D::Error> {
        source.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Key<'_> {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key that is a string")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<String, E> {
        Ok(value.to_string())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<String, E> {
        Ok(value.to_string())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<String, E> {
        match i64::try_from(value) {
            Ok(value) => Ok(value.to_string()),
            Err(_) => self.0.refuse_for(format!("the key {value} is too large a number: put it in quotes")),
        }
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<String, E> {
        // Go prints a key with the precision of a 32-bit float, and with an exponent beyond these bounds.
        let plain = value == 0.0 || (1e-4..1e6).contains(&value.abs());
        if !plain {
            return self.0.refuse_for(format!("the key {value:e} is a number: put it in quotes"));
        }
        Ok((value as f32).to_string())
    }

    fn visit_map<A: MapAccess<'de>>(self, _: A) -> Result<String, A::Error> {
        self.0.refuse_for("a key must be a string, and this is a mapping")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, _: A) -> Result<String, A::Error> {
        self.0.refuse_for("a key must be a string, and this is a list")
    }

    fn visit_unit<E: Error>(self) -> Result<String, E> {
        self.0.refuse_for("a key is missing in front of the colon")
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<String, E> {
        Ok(value.to_owned())
    }

    fn visit_string<E: Error>(self, value: String) -> Result<String, E> {
        Ok(value)
    }
}
