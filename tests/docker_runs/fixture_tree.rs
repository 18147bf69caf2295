//! Context folders with everything in them that a transfer can get wrong.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::time::{Duration, SystemTime};

use rustix::fs::XattrFlags;
use rustix::io::Errno;

/// Writes files, with times in the past, so that two trees made by this differ in nothing.
pub(crate) fn write_files(folder: &Path, files: &[(&str, &str)]) {
    for (path, text) in files {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        age(&path, 0);
    }
}

/// Puts a file's modification time at a fixed instant and so many seconds after it.
pub(crate) fn age(path: &Path, seconds: u64) {
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000 + seconds);
    fs::File::options()
        .append(true)
        .open(path)
        .unwrap()
        .set_modified(time)
        .unwrap();
}

/// Sets the permission bits of a file or folder.
pub(crate) fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// A Dockerfile over links, odd modes, names beyond ASCII, globs and negated ignore rules. No two instructions are the
/// same on the same base: the builder makes one vertex of such, under whichever name it meets first.
const ODD_DOCKERFILE: &str = r#"ARG BALLAST
FROM ${BALLAST} AS all
COPY token.txt /token.txt
COPY . /all

FROM ${BALLAST}
COPY token.txt /token-of-the-service.txt
COPY file-link dir-link/ /linked/
COPY hard-* /hard/
COPY --chown=3:4 setuid.sh sticky /modes/
COPY größe/*.txt Ωmega* /names/
COPY ["with blank/a b.txt", "/blank/"]
COPY ?.glob [m-p]*.glob /globs/
COPY kept/ /kept/
COPY --from=all /all/deep /deep
ADD archive.tar /unpacked/
RUN ["/ballast", "work", "--input", "/kept", "--output", "/out", "--files", "1", "--bytes", "10B"]
COPY empty /empty
"#;

/// Makes the tree of [`ODD_DOCKERFILE`]; `token` makes its results unique.
pub(crate) fn odd_tree(folder: &Path, token: &str) {
    write_files(
        folder,
        &[
            ("Dockerfile", ODD_DOCKERFILE),
            (
                ".dockerignore",
                "# comment\n**/*.log\n!kept/**/yes.log\nnode_modules\n/kept/no\n!kept/no/but.txt\n**/tmp?\n",
            ),
            ("token.txt", token),
            ("target.txt", "linked"),
            ("folder/inner.txt", "inner"),
            ("hard-a", "hard"),
            ("setuid.sh", "#!/ballast\n"),
            ("sticky/x", ""),
            ("größe/ä.txt", "ä"),
            ("größe/日本.txt", "日本"),
            ("Ωmega", "Ω"),
            ("with blank/a b.txt", "blank"),
            ("a.glob", "a"),
            ("pqr.glob", "pqr"),
            ("zz.glob", "zz"),
            ("kept/yes.log", "yes"),
            ("kept/deep/yes.log", "yes"),
            ("kept/deep/no.log", "no"),
            ("kept/no/gone.txt", "gone"),
            ("kept/no/but.txt", "but"),
            ("kept/tmp1", "tmp"),
            ("deep/a/b/c/d.txt", "d"),
            ("node_modules/x/index.js", "x"),
        ],
    );
    for (target, link) in [
        ("target.txt", "file-link"),
        ("folder", "dir-link"),
        ("nowhere", "dangling"),
        ("/etc/passwd", "absolute"),
        ("../../outside", "outside"),
        ("file-link", "link-to-link"),
    ] {
        symlink(target, folder.join(link)).unwrap();
    }
    fs::hard_link(folder.join("hard-a"), folder.join("hard-b")).unwrap();
    fs::hard_link(folder.join("hard-a"), folder.join("deep/hard-c")).unwrap();
    fs::create_dir(folder.join("empty")).unwrap();
    // The name stays when nobody listens any more.
    drop(UnixListener::bind(folder.join("deep/socket")).unwrap());
    for path in ["kept/yes.log", "deep"] {
        let file = fs::File::open(folder.join(path)).unwrap();
        match rustix::fs::fsetxattr(&file, "user.note", b"tide", XattrFlags::empty()) {
            // Not every file system has attributes.
            Ok(()) | Err(Errno::NOTSUP) => {}
            Err(error) => panic!("{path}: {error}"),
        }
    }
    set_mode(&folder.join("setuid.sh"), 0o6755);
    set_mode(&folder.join("sticky"), 0o1777);
    set_mode(&folder.join("target.txt"), 0o600);
    let mut archive = tar::Builder::new(fs::File::create(folder.join("archive.tar")).unwrap());
    archive.append_dir_all("packed", folder.join("folder")).unwrap();
    archive.finish().unwrap();
}
