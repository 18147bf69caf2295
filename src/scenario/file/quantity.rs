//! Quantities as a file writes them: a number with its unit.

use std::borrow::Cow;
use std::fmt::Display;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de};

use crate::unit::{Bandwidth, ByteSize, Cpus, Nanos};

/// A duration as a file writes it, such as `10m`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DurationText(pub Nanos);

/// A size as a file writes it, such as `40MiB`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SizeText(pub ByteSize);

/// A bandwidth as a file writes it, such as `25Mbit/s`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BandwidthText(pub Bandwidth);

/// A number of processors as a file writes it, such as `1.5`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CpusNumber(pub Cpus);

impl<'de> Deserialize<'de> for DurationText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        parsed(deserializer).map(Self)
    }
}

impl<'de> Deserialize<'de> for SizeText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        parsed(deserializer).map(Self)
    }
}

impl<'de> Deserialize<'de> for BandwidthText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        parsed(deserializer).map(Self)
    }
}

impl<'de> Deserialize<'de> for CpusNumber {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = serde_json::Number::deserialize(deserializer)?;
        number.to_string().parse().map(Self).map_err(de::Error::custom)
    }
}

fn parsed<'de, D: Deserializer<'de>, T: FromStr<Err: Display>>(deserializer: D) -> Result<T, D::Error> {
    String::deserialize(deserializer)?
        .parse()
        .map_err(de::Error::custom)
}

impl JsonSchema for DurationText {
    fn schema_name() -> Cow<'static, str> {
        "Duration".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "format": "duration-with-unit",
            "description": "A duration with its unit: `20ms`, `1.5s`, `10m`, `2h`.",
            "examples": ["20ms", "1.5s", "10m"],
        })
    }
}

impl JsonSchema for SizeText {
    fn schema_name() -> Cow<'static, str> {
        "Size".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "format": "byte-size",
            "description": "A size with its unit: `512B`, `20KiB`, `40MB`.",
            "examples": ["512B", "20KiB", "40MB"],
        })
    }
}

impl JsonSchema for BandwidthText {
    fn schema_name() -> Cow<'static, str> {
        "Bandwidth".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "format": "bandwidth",
            "description": "A bandwidth with its unit: `25Mbit/s`, `1Gbit/s`, `3MB/s`.",
            "examples": ["25Mbit/s", "1Gbit/s", "3MB/s"],
        })
    }
}

impl JsonSchema for CpusNumber {
    fn schema_name() -> Cow<'static, str> {
        "Cpus".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "number",
            "format": "cpus",
            "exclusiveMinimum": 0,
            "description": "A number of processors: `0.5`, `1`, `2.25`.",
            "examples": [0.5, 1, 2.25],
        })
    }
}
