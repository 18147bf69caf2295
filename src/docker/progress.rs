//! Hearing a pull or a push to its end.

use std::time::Duration;

use bollard::errors::Error as Refusal;
use futures_util::{Stream, StreamExt as _};

use super::images::fault;
use crate::run::EngineFault;

/// How long nothing may be heard of a pull or a push. The daemon tells of every part of a layer that comes or goes, and
/// waits for ever on a registry that took its question and does not answer.
pub(super) const LONGEST_SILENCE: Duration = Duration::from_secs(300);

/// Reads what the daemon tells until it is done.
///
/// # Errors
///
/// What it refuses, and where it is silent for `longest`: leaving the stream then ends the work at the daemon.
pub(super) async fn to_the_end<T>(
    operation: &'static str,
    subject: &str,
    progress: impl Stream<Item = Result<T, Refusal>>,
    longest: Duration,
) -> Result<(), EngineFault> {
    let mut progress = std::pin::pin!(progress);
    loop {
        match tokio::time::timeout(longest, progress.next()).await {
            Ok(None) => return Ok(()),
            Ok(Some(step)) => {
                step.map_err(|refusal| fault(operation, subject, refusal))?;
            }
            Err(_) => {
                return Err(silent(operation, subject, longest));
            }
        }
    }
}

/// Nothing was heard for so long.
pub(super) fn silent(operation: &'static str, subject: &str, longest: Duration) -> EngineFault {
    let silence = longest.as_secs();
    EngineFault {
        operation,
        subject: subject.to_owned(),
        status: None,
        source: format!("nothing was heard of it for {silence} s, as where a registry does not answer")
            .into(),
    }
}

#[cfg(test)]
mod tests {
    use futures_util::stream;

    use super::*;

    #[tokio::test]
    async fn what_is_silent_too_long_is_given_up_and_what_is_heard_of_is_not() {
        let short = Duration::from_millis(20);
        let told = || stream::iter([Ok(()), Ok(())]);
        to_the_end("pull", "r/x:1", told(), short).await.unwrap();
        let silent = told().chain(stream::pending());
        let fault = to_the_end("pull", "r/x:1", silent, short).await.unwrap_err();
        assert!(
            fault.source.to_string().contains("nothing was heard"),
            "{fault:?}"
        );
        assert_eq!((fault.operation, fault.subject.as_str()), ("pull", "r/x:1"));
        let refused = stream::iter([Err::<(), _>(Refusal::RequestTimeoutError)]);
        let fault = to_the_end("push", "r/x:1", refused, short).await.unwrap_err();
        assert_eq!(fault.source.to_string(), "there was no answer within 120 s");
    }
}
