// SPDX-License-Identifier: ISC

//! publish LINK: publishes, pins what is live, publishes again, and waits for that. A Rust program that declares what it calls of
//! libatomicdir by itself:
//!
//!     rustc publish.rs -l atomicdir

use std::ffi::{c_char, c_int, c_void, CStr, CString};
use std::fs::File;
use std::io::Read;
use std::os::unix::io::{AsRawFd, FromRawFd, OwnedFd};
use std::ptr;

#[repr(C)]
struct CError {
    kind: c_int,
    errnum: c_int,
    path: [c_char; 512],
    text: [c_char; 1024],
}

#[repr(C)]
struct CStage {
    _private: [u8; 0],
}

/// The beginning of struct atomicdir_generation, which only the library makes.
#[repr(C)]
struct CGeneration {
    next: *mut CGeneration,
    number: i64,
}

extern "C" {
    fn atomicdir_begin(link: *const c_char, options: *const c_void, error: *mut CError) -> *mut CStage;
    fn atomicdir_write(
        stage: *mut CStage,
        path: *const c_char,
        data: *const c_void,
        size: usize,
        mode: u32,
        error: *mut CError,
    ) -> c_int;
    fn atomicdir_commit(stage: *mut CStage, live: *mut *mut CGeneration, error: *mut CError) -> c_int;
    fn atomicdir_free(stage: *mut CStage);
    fn atomicdir_pin(link: *const c_char, generation: *mut i64, error: *mut CError) -> c_int;
    fn atomicdir_wait(link: *const c_char, since: i64, timeout_ms: i64, error: *mut CError) -> i64;
    fn free(pointer: *mut c_void);
    fn openat(directory: c_int, path: *const c_char, flags: c_int) -> c_int;
}

/// What the library could not do, and why.
#[derive(Debug)]
struct Failure {
    kind: c_int,
    text: String,
}

type Answer<T> = Result<T, Failure>;

impl CError {
    fn new() -> CError {
        CError {
            kind: 0,
            errnum: 0,
            path: [0; 512],
            text: [0; 1024],
        }
    }

    fn failure(&self) -> Failure {
        let text = unsafe { CStr::from_ptr(self.text.as_ptr()) };
        Failure {
            kind: self.kind,
            text: text.to_string_lossy().into_owned(),
        }
    }
}

/// A new directory, which is removed with this value unless it was published.
struct Stage(*mut CStage);

impl Stage {
    fn begin(link: &CStr) -> Answer<Stage> {
        let mut error = CError::new();
        let stage = unsafe { atomicdir_begin(link.as_ptr(), ptr::null(), &mut error) };
        if stage.is_null() {
            Err(error.failure())
        } else {
            Ok(Stage(stage))
        }
    }

    fn write(&self, path: &CStr, data: &[u8], mode: u32) -> Answer<()> {
        let mut error = CError::new();
        let done = unsafe { atomicdir_write(self.0, path.as_ptr(), data.as_ptr().cast(), data.len(), mode, &mut error) };
        if done < 0 {
            Err(error.failure())
        } else {
            Ok(())
        }
    }

    /// Publishes, and returns the number of the live generation.
    fn commit(self) -> Answer<i64> {
        let mut error = CError::new();
        let mut live: *mut CGeneration = ptr::null_mut();
        if unsafe { atomicdir_commit(self.0, &mut live, &mut error) } < 0 {
            return Err(error.failure());
        }
        let number = unsafe { (*live).number };
        unsafe { free(live.cast()) };
        Ok(number)
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        unsafe { atomicdir_free(self.0) }
    }
}

fn publish(link: &CStr, name: &CStr, data: &[u8]) -> Answer<i64> {
    let stage = Stage::begin(link)?;
    stage.write(name, data, 0o644)?;
    stage.commit()
}

/// The live generation, which is kept as long as the descriptor is open.
fn pin(link: &CStr) -> Answer<(OwnedFd, i64)> {
    let mut error = CError::new();
    let mut number = 0;
    let fd = unsafe { atomicdir_pin(link.as_ptr(), &mut number, &mut error) };
    if fd < 0 {
        Err(error.failure())
    } else {
        Ok((unsafe { OwnedFd::from_raw_fd(fd) }, number))
    }
}

/// Waits until another generation than `since` is live, and returns its number.
fn wait(link: &CStr, since: i64) -> Answer<i64> {
    let mut error = CError::new();
    let number = unsafe { atomicdir_wait(link.as_ptr(), since, 60_000, &mut error) };
    if number < 0 {
        Err(error.failure())
    } else {
        Ok(number)
    }
}

fn read(directory: &OwnedFd, name: &CStr) -> std::io::Result<String> {
    let fd = unsafe { openat(directory.as_raw_fd(), name.as_ptr(), 0) };
    if fd < 0 {
        return Err(std::io::Error::last_os_error());
    }
    let mut text = String::new();
    unsafe { File::from_raw_fd(fd) }.read_to_string(&mut text)?;
    Ok(text)
}

fn run(link: &CStr) -> Answer<()> {
    let name = CString::new("file").unwrap();
    println!("published {}", publish(link, &name, b"one")?);
    let (pinned, seen) = pin(link)?;
    println!("published {}", publish(link, &name, b"two")?);
    println!("pinned {}: {}", seen, read(&pinned, &name).unwrap());
    println!("waited for {}", wait(link, seen)?);
    Ok(())
}

fn main() {
    let link = std::env::args().nth(1).and_then(|link| CString::new(link).ok());
    let Some(link) = link else {
        eprintln!("usage: publish LINK");
        std::process::exit(2)
    };
    if let Err(failure) = run(&link) {
        eprintln!("{}", failure.text);
        std::process::exit(failure.kind)
    }
}
