// SPDX-License-Identifier: ISC

// publish LINK: publishes, pins what is live, publishes again, and waits for that. A Go program that calls libatomicdir through cgo:
//
//	go build publish.go
package main

// #cgo pkg-config: atomicdir
// #include <atomicdir.h>
// #include <stdlib.h>
import "C"

import (
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
	"unsafe"
)

// publish publishes a directory with one file, and returns the number of the live generation.
func publish(link, name string, data []byte) (int64, error) {
	var why C.struct_atomicdir_error
	var live *C.struct_atomicdir_generation
	cLink, cName := C.CString(link), C.CString(name)
	defer C.free(unsafe.Pointer(cLink))
	defer C.free(unsafe.Pointer(cName))

	stage := C.atomicdir_begin(cLink, nil, &why)
	if stage == nil {
		return 0, failure(&why)
	}
	defer C.atomicdir_free(stage)
	cData := C.CBytes(data)
	defer C.free(cData)
	if C.atomicdir_write(stage, cName, cData, C.size_t(len(data)), 0644, &why) < 0 {
		return 0, failure(&why)
	}
	if C.atomicdir_commit(stage, &live, &why) < 0 {
		return 0, failure(&why)
	}
	defer C.free(unsafe.Pointer(live))
	return int64(live.number), nil
}

// pin opens the live generation, which is kept until the directory is closed.
func pin(link string) (*os.File, int64, error) {
	var why C.struct_atomicdir_error
	var number C.int64_t
	cLink := C.CString(link)
	defer C.free(unsafe.Pointer(cLink))

	fd := C.atomicdir_pin(cLink, &number, &why)
	if fd < 0 {
		return nil, 0, failure(&why)
	}
	return os.NewFile(uintptr(fd), link), int64(number), nil
}

// wait waits until another generation than since is live, and returns its number.
func wait(link string, since int64) (int64, error) {
	var why C.struct_atomicdir_error
	cLink := C.CString(link)
	defer C.free(unsafe.Pointer(cLink))

	number := C.atomicdir_wait(cLink, C.int64_t(since), 60000, &why)
	if number < 0 {
		return 0, failure(&why)
	}
	return int64(number), nil
}

func failure(why *C.struct_atomicdir_error) error {
	return errors.New(C.GoString(&why.text[0]))
}

// read reads a file of the directory that is open, whatever has become of its name.
func read(directory *os.File, name string) (string, error) {
	fd, err := syscall.Openat(int(directory.Fd()), name, syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return "", err
	}
	file := os.NewFile(uintptr(fd), name)
	defer file.Close()
	data, err := io.ReadAll(file)
	return string(data), err
}

func run(link string) error {
	number, err := publish(link, "file", []byte("one"))
	if err != nil {
		return err
	}
	fmt.Println("published", number)
	pinned, seen, err := pin(link)
	if err != nil {
		return err
	}
	defer pinned.Close()
	if number, err = publish(link, "file", []byte("two")); err != nil {
		return err
	}
	fmt.Println("published", number)
	text, err := read(pinned, "file")
	if err != nil {
		return err
	}
	fmt.Printf("pinned %d: %s\n", seen, text)
	if number, err = wait(link, seen); err != nil {
		return err
	}
	fmt.Println("waited for", number)
	return nil
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: publish LINK")
		os.Exit(2)
	}
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
