//! `--variant` and `--step`.

use super::findings::Findings;
use super::steps::Steps;
use crate::scenario::nearest::{nearest, quoted_list};
use crate::scenario::{Gate, Metric, Overrides, Variant};

/// Keeps the variants that the command line names.
pub(super) fn variants(
    variants: Vec<Variant>,
    overrides: &Overrides,
    findings: &mut Findings<'_>,
) -> Vec<Variant> {
    let names: Vec<&str> = variants.iter().map(|variant| variant.name.as_str()).collect();
    if !all_exist("variant", &overrides.variants, &names, findings) || overrides.variants.is_empty() {
        return variants;
    }
    variants
        .into_iter()
        .filter(|variant| overrides.variants.contains(&variant.name))
        .collect()
}

/// Keeps the steps up to the last that the command line names: edits stack, so those before it are needed.
pub(super) fn steps(mut steps: Steps, overrides: &Overrides, findings: &mut Findings<'_>) -> Steps {
    let names: Vec<&str> = steps.steps.iter().map(|step| step.name.as_str()).collect();
    if !all_exist("step", &overrides.steps, &names, findings) {
        return steps;
    }
    let last = steps
        .steps
        .iter()
        .rposition(|step| overrides.steps.contains(&step.name));
    if let Some(last) = last {
        steps.steps.truncate(last + 1);
        steps.edits.truncate(last + 1);
    }
    steps
}

/// Keeps the gates on what is still measured.
pub(super) fn gates(gates: Vec<Gate>, metrics: &[Metric]) -> Vec<Gate> {
    gates
        .into_iter()
        .filter(|gate| metrics.iter().any(|metric| metric.key == gate.metric))
        .collect()
}

fn all_exist(what: &str, wanted: &[String], names: &[&str], findings: &mut Findings<'_>) -> bool {
    let mut exist = true;
    for name in wanted {
        if !names.contains(&name.as_str()) {
            exist = false;
            let problem = findings.of_command_line(format!("`--{what} {name}` matches no {what}"));
            // A filter that matches nothing tells what exists, also where a slip is likely.
            let exist = format!("the {what}s are: {}", quoted_list(names));
            problem.hint = Some(match nearest(name, names.iter().copied()) {
                Some(nearest) => format!("did you mean `{nearest}`? {exist}"),
                None => exist,
            });
        }
    }
    exist
}
