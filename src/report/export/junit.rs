//! JUnit's XML, as CI systems read it.

use std::time::Duration;

use quick_junit::{NonSuccessKind, Property, Report, SerializeError, TestCase, TestCaseStatus, TestSuite};

use crate::analyze::{Decision, Found, Measured, MetricUnit, Ruling, Strictness};
use crate::report::gate_text::ruling_text;
use crate::report::verdict_text::Than;
use crate::results::RunHeader;

/// The XML cannot be made.
#[derive(Debug, thiserror::Error)]
#[error("cannot make the JUnit report")]
pub struct WriteJunit(#[source] SerializeError);

/// The rulings of a run: a suite for the scenario, and a case for each ruling, of the class `<scenario>.<variant>`. A failure is worse
/// than is allowed, an error failed, what is skipped was not judged.
///
/// # Errors
///
/// Where the XML cannot be made.
pub fn junit(
    header: &RunHeader,
    rulings: &[Ruling],
    strictness: Strictness,
    than: Than<'_>,
) -> Result<String, WriteJunit> {
    let mut suite = TestSuite::new(header.scenario.as_str());
    suite.add_property(("run", header.run_id.as_str()));
    for ruling in rulings {
        suite.add_test_case(case(header, ruling, strictness, than));
    }
    let mut report = Report::new("seatrial");
    report.add_test_suite(suite);
    report.to_string().map_err(WriteJunit)
}

fn case(header: &RunHeader, ruling: &Ruling, strictness: Strictness, than: Than<'_>) -> TestCase {
    let text = ruling_text(ruling, than);
    let mut status = match ruling.decision() {
        Decision::Failed => TestCaseStatus::non_success(NonSuccessKind::Error),
        decision if strictness.fails(decision) => TestCaseStatus::non_success(NonSuccessKind::Failure),
        Decision::NotJudged => TestCaseStatus::skipped(),
        _ => TestCaseStatus::success(),
    };
    status.set_message(text.as_str());
    let mut case = TestCase::new(name(ruling), status);
    case.set_classname(format!("{}.{}", header.scenario, ruling.variant));
    case.add_property(Property::new("said", text.as_str()));
    if let Some(seconds) = seconds(ruling) {
        case.set_time(seconds);
    }
    case
}

/// What is judged, unlike any other of the variant: GitLab takes one of two cases of the same name.
fn name(ruling: &Ruling) -> String {
    let step = |step: &Option<String>| {
        step.as_ref()
            .map_or_else(String::new, |step| format!(" after {step}"))
    };
    let key = &ruling.gate.metric;
    match &ruling.finding {
        Found::Against(row, _) => format!("{key}{}", step(&row.step)),
        Found::Night { history, .. } => format!("{key}{}", step(&history.step)),
        Found::Budget { step: of, .. } => format!("{key}{}, budget", step(of)),
        Found::NoBaseline | Found::Nothing => key.clone(),
    }
}

/// What was measured, where it is a time.
fn seconds(ruling: &Ruling) -> Option<Duration> {
    match &ruling.finding {
        Found::Night { history, .. } if history.metric.unit() == MetricUnit::Nanoseconds => {
            Some(Duration::from_nanos(history.newest().0?.value))
        }
        Found::Budget {
            metric,
            measured: Measured::Between { median, .. },
            ..
        } if metric.unit() == MetricUnit::Nanoseconds => {
            Some(Duration::from_nanos(crate::analyze::whole(*median)))
        }
        _ => None,
    }
}
