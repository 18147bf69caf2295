//! Who decides how fast the processors run: `cpufreq` of the kernel (Documentation/admin-guide/pm/cpufreq.rst).

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// The governors of all processors; none where the kernel shows none, as in most virtual machines.
#[must_use]
pub fn governors() -> BTreeSet<String> {
    below(Path::new("/sys/devices/system/cpu"))
}

fn below(folder: &Path) -> BTreeSet<String> {
    let Ok(entries) = fs::read_dir(folder) else {
        return BTreeSet::new();
    };
    let governor = |processor: std::path::PathBuf| {
        let text = fs::read_to_string(processor.join("cpufreq/scaling_governor")).ok()?;
        let name = text.trim();
        (!name.is_empty()).then(|| name.to_owned())
    };
    entries.filter_map(|entry| governor(entry.ok()?.path())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_governor_is_named_once() {
        let folder = tempfile::tempdir().unwrap();
        for (processor, governor) in [("cpu0", "powersave\n"), ("cpu1", "powersave\n"), ("cpu2", "\n")] {
            let place = folder.path().join(processor).join("cpufreq");
            fs::create_dir_all(&place).unwrap();
            fs::write(place.join("scaling_governor"), governor).unwrap();
        }
        fs::create_dir(folder.path().join("cpuidle")).unwrap();
        assert_eq!(below(folder.path()), BTreeSet::from(["powersave".to_owned()]));
        assert_eq!(below(&folder.path().join("missing")), BTreeSet::new());
    }
}
