//! What deciding about the paths of a large context costs, and comparing two looks at it.
#![expect(
    missing_docs,
    reason = "the macro that collects the benchmarks writes a public function"
)]

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use seatrial::context::{Entry, EntryKind, Manifest, ManifestDiff};
use seatrial::dockerignore::{IgnoreFile, Pruning};
use seatrial::unit::ByteSize;

/// A tree three levels deep with a hundred files in each directory of the last one.
fn paths(count: usize) -> Vec<(String, bool)> {
    let mut paths = Vec::new();
    for directory in 0..count / 100 {
        if directory % 10 == 0 {
            paths.push((format!("package{:03}", directory / 10), true));
        }
        let above = format!("package{:03}/module{directory:04}", directory / 10);
        paths.push((above.clone(), true));
        paths.extend((0..100).map(|file| (format!("{above}/source_file_{file:03}.js"), false)));
    }
    paths
}

/// Fifty rules of the forms that ignore files hold, of which most match nothing.
fn rules() -> IgnoreFile {
    let forms = [
        "**/*.tmp{}",
        "build{}",
        "**/cache{}",
        "doc{}/**",
        "*.log{}",
        "!package{}/keep",
        "a{}/*/b",
        "x{}?[0-9]",
    ];
    let lines: Vec<_> = (0..50)
        .map(|index| forms[index % forms.len()].replace("{}", &index.to_string()))
        .collect();
    IgnoreFile::from_patterns(&lines).expect("invariant: every pattern above is well formed")
}

fn decide(criterion: &mut Criterion) {
    let (paths, rules) = (paths(100_000), rules());
    criterion.bench_function("decide about 100 000 paths by 50 rules", |bencher| {
        bencher.iter(|| {
            let mut walk = rules.walk(Pruning::StreamedContext);
            paths
                .iter()
                .filter(|(path, directory)| walk.visit(path, *directory).decision.excluded)
                .count()
        });
    });
}

fn diff(criterion: &mut Criterion) {
    let build = |edited: usize| {
        let entries = paths(10_000)
            .into_iter()
            .enumerate()
            .map(|(index, (path, directory))| Entry {
                path,
                kind: if directory {
                    EntryKind::Directory
                } else {
                    EntryKind::File {
                        size_bytes: ByteSize(u64::from(index == edited)),
                        digest: None,
                    }
                },
                mode: 0o644,
                uid: 0,
                gid: 0,
                mtime_ns: 0,
                attributes: std::collections::BTreeMap::new(),
            });
        Manifest::new(entries.collect()).expect("invariant: the paths above are clean and distinct")
    };
    let (before, after) = (build(5_000), build(5_001));
    criterion.bench_function("compare two manifests of 10 000 entries", |bencher| {
        bencher.iter(|| ManifestDiff::between(black_box(&before), black_box(&after)));
    });
}

criterion_group!(benches, decide, diff);
criterion_main!(benches);
