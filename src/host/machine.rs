//! The processor, the load and the memory, from `/proc` (proc(5)).

use std::fs;

use crate::unit::ByteSize;

/// This machine as `/proc` shows it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Machine {
    /// The processor's model, such as `AMD EPYC`.
    pub cpu: Option<String>,
    /// Whether it is a virtual one; absent where its processor does not say.
    pub is_virtual: Option<bool>,
    /// How many processes were running or waiting for the disk, on average over one minute.
    pub load_1m: Option<f64>,
    /// Memory that the kernel manages.
    pub memory_bytes: Option<ByteSize>,
    /// Memory that new programs can have without swapping.
    pub available_bytes: Option<ByteSize>,
}

impl Machine {
    /// Reads what there is to read; on a system without `/proc` that is nothing.
    #[must_use]
    pub fn read() -> Self {
        let text = |path| fs::read_to_string(path).unwrap_or_default();
        let memory = text("/proc/meminfo");
        let processors = text("/proc/cpuinfo");
        Self {
            cpu: cpu_model(&processors),
            is_virtual: is_virtual(&processors),
            load_1m: load_1m(&text("/proc/loadavg")),
            memory_bytes: memory_field(&memory, "MemTotal"),
            available_bytes: memory_field(&memory, "MemAvailable"),
        }
    }
}

/// The model of the first processor in `/proc/cpuinfo`: `model name` on x86, `Model` of the board on some ARM
/// machines; others name none.
fn cpu_model(cpuinfo: &str) -> Option<String> {
    let field = |wanted: &str| {
        cpuinfo.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            (name.trim() == wanted && !value.trim().is_empty()).then(|| value.trim().to_owned())
        })
    };
    field("model name").or_else(|| field("Model"))
}

/// Whether a hypervisor runs below the kernel: processors of x86 have a flag for it, others tell nothing.
fn is_virtual(cpuinfo: &str) -> Option<bool> {
    cpuinfo.lines().find_map(|line| {
        let (name, flags) = line.split_once(':')?;
        (name.trim() == "flags").then(|| flags.split_whitespace().any(|flag| flag == "hypervisor"))
    })
}

/// The first number of `/proc/loadavg`.
pub(super) fn load_1m(loadavg: &str) -> Option<f64> {
    let load: f64 = loadavg.split_whitespace().next()?.parse().ok()?;
    (load.is_finite() && load >= 0.0).then_some(load)
}

/// A field of `/proc/meminfo`, whose `kB` are units of 1024 bytes.
pub(super) fn memory_field(meminfo: &str, wanted: &str) -> Option<ByteSize> {
    meminfo.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        let kib: u64 = value.trim().strip_suffix(" kB")?.trim().parse().ok()?;
        (name == wanted).then_some(ByteSize(kib.checked_mul(1024)?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_processor_of_x86_tells_of_a_hypervisor_below() {
        for (cpuinfo, expected) in [
            (
                "processor\t: 0\nflags\t\t: fpu vme hypervisor lahf_lm\n",
                Some(true),
            ),
            ("processor\t: 0\nflags\t\t: fpu vme\n", Some(false)),
            ("processor\t: 0\nFeatures\t: fp asimd\n", None),
            ("", None),
        ] {
            assert_eq!(is_virtual(cpuinfo), expected, "{cpuinfo:?}");
        }
    }

    #[test]
    fn the_model_is_found_on_x86_and_on_boards_and_is_absent_elsewhere() {
        for (cpuinfo, expected) in [
            (
                "processor\t: 0\nmodel\t\t: 2\nmodel name\t: Example CPU @ 2.60GHz\n\nmodel name\t: Other\n",
                Some("Example CPU @ 2.60GHz"),
            ),
            (
                "processor\t: 0\nCPU part\t: 0xd08\n\nModel\t\t: Example Board 4\n",
                Some("Example Board 4"),
            ),
            ("processor\t: 0\nCPU implementer\t: 0x41\n", None),
            ("model name\t:\n", None),
            ("", None),
        ] {
            assert_eq!(cpu_model(cpuinfo).as_deref(), expected, "{cpuinfo:?}");
        }
    }

    #[test]
    fn the_load_is_the_first_number_or_absent() {
        for (loadavg, expected) in [
            ("0.52 0.27 0.20 5/147 26324\n", Some(0.52)),
            ("12.00 1 1 1/1 1\n", Some(12.0)),
            ("", None),
            ("busy", None),
            ("nan 0 0", None),
            ("-1 0 0", None),
        ] {
            assert_eq!(load_1m(loadavg), expected, "{loadavg:?}");
        }
    }

    #[test]
    fn memory_is_counted_in_units_of_1024_bytes() {
        let meminfo =
            "MemTotal:       2048 kB\nMemFree:  1 kB\nMemAvailable:   1024 kB\nHugePages_Total:       7\n";
        for (field, expected) in [
            ("MemTotal", Some(2_097_152)),
            ("MemAvailable", Some(1_048_576)),
            ("HugePages_Total", None),
            ("Mem", None),
        ] {
            assert_eq!(memory_field(meminfo, field), expected.map(ByteSize), "{field}");
        }
        assert_eq!(
            memory_field("MemTotal: 99999999999999999999 kB", "MemTotal"),
            None
        );
        assert_eq!(
            memory_field("MemTotal: 18446744073709551615 kB", "MemTotal"),
            None
        );
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_linux_machine_has_memory_and_a_load() {
        let machine = Machine::read();
        let total = machine.memory_bytes.unwrap();
        assert!(machine.available_bytes.unwrap() <= total);
        assert!(machine.load_1m.is_some());
    }
}
