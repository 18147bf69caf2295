//! JUnit's XML, as CI systems read it.

use std::time::Duration;

use quick_junit::{NonSuccessKind, Property, Report, SerializeError, TestCase, TestCaseStatus, TestSuite};

use crate::analyze::{Decision, Found, Measured, MetricUnit, Ruling};
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
pub fn junit(header: &RunHeader, rulings: &[Ruling], than: Than<'_>) -> Result<String, WriteJunit> {
    let mut suite = TestSuite::new(header.scenario.as_str());
    suite.add_property(("run", header.run_id.as_str()));
    for ruling in rulings {
        suite.add_test_case(case(header, ruling, than));
    }
    let mut report = Report::new("seatrial");
    report.add_test_suite(suite);
    report.to_string().map_err(WriteJunit)
}

fn case(header: &RunHeader, ruling: &Ruling, than: Than<'_>) -> TestCase {
    let text = ruling_text(ruling, than);
    let mut status = match ruling.decision() {
        Decision::Passed | Decision::CannotTell | Decision::Suspected => TestCaseStatus::success(),
        Decision::NotJudged => TestCaseStatus::skipped(),
        Decision::Failed => TestCaseStatus::non_success(NonSuccessKind::Error),
        Decision::Exceeded => TestCaseStatus::non_success(NonSuccessKind::Failure),
    };
    status.set_message(text.as_str());
    let mut case = TestCase::new(ruling.gate.metric.as_str(), status);
    case.set_classname(format!("{}.{}", header.scenario, ruling.variant));
    case.add_property(Property::new("said", text.as_str()));
    if let Some(seconds) = seconds(ruling) {
        case.set_time(seconds);
    }
    case
}

/// What was measured, where it is a time.
fn seconds(ruling: &Ruling) -> Option<Duration> {
    match &ruling.finding {
        Found::Night(history) if history.metric.unit() == MetricUnit::Nanoseconds => {
            Some(Duration::from_nanos(history.newest()?.value))
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
