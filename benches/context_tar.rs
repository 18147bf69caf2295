//! What packing a context for the classic builder costs, beside GNU tar on the same folder: both into a pipe that `cat`
//! empties, since GNU tar does not read files at all where its output is `/dev/null`.
#![expect(
    missing_docs,
    reason = "the macro that collects the benchmarks writes a public function"
)]
#![expect(clippy::unwrap_used, reason = "a benchmark ends by panicking")]

use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use seatrial::docker::{ContextTar, HeaderForm};
use seatrial::dockerignore::IgnoreFile;
use seatrial::run::ContextTree as _;
use seatrial::workspace::ServedTree;

/// So many files of so many bytes, a hundred in a folder.
fn tree(folder: &Path, files: usize, bytes: usize) {
    let content: Vec<u8> = (0..bytes)
        .map(|byte| u8::try_from(byte % 251).unwrap_or_default())
        .collect();
    for file in 0..files {
        let above = folder.join(format!("package{:03}", file / 100));
        if file % 100 == 0 {
            fs::create_dir(&above).unwrap();
        }
        fs::write(above.join(format!("file{file:05}")), &content).unwrap();
    }
}

/// Lists the folder and packs it into a pipe, as a build does.
fn ours(folder: &Path) {
    let mut cat = Command::new("cat")
        .stdin(Stdio::piped())
        .stdout(null())
        .spawn()
        .unwrap();
    let mut pipe = cat.stdin.take().unwrap();
    let tree = Arc::new(ServedTree::new(folder.to_owned()));
    let tar = ContextTar {
        entries: tree.walk_as_classic(&IgnoreFile::default(), None).unwrap(),
        tree,
        placed: Vec::new(),
        form: HeaderForm::Permissions,
    };
    tar.write(|chunk| pipe.write_all(&chunk).is_ok()).unwrap();
    drop(pipe);
    assert!(cat.wait().unwrap().success());
}

fn gnu_tar(folder: &Path) {
    let status = Command::new("sh")
        .args(["-c", "tar -cf - -C \"$1\" . | cat", "sh"])
        .arg(folder)
        .stdout(null())
        .status()
        .unwrap();
    assert!(status.success());
}

fn null() -> File {
    File::options().write(true).open("/dev/null").unwrap()
}

fn packing(criterion: &mut Criterion) {
    for (name, files, bytes) in [
        ("10000 files of 1 KiB", 10_000, 1 << 10),
        ("1000 files of 256 KiB", 1_000, 256 << 10),
    ] {
        let folder = tempfile::tempdir().unwrap();
        tree(folder.path(), files, bytes);
        let mut group = criterion.benchmark_group(name);
        group.sample_size(10);
        group.throughput(Throughput::Bytes((files * bytes) as u64));
        group.bench_function("ours", |bencher| bencher.iter(|| ours(folder.path())));
        group.bench_function("gnu tar", |bencher| bencher.iter(|| gnu_tar(folder.path())));
        group.finish();
    }
}

criterion_group!(benches, packing);
criterion_main!(benches);
