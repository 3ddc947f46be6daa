// SPDX-License-Identifier: ISC

// seed DIRECTORY COUNT SEED: the few lines of Go from which this project comes, written from their description: a temporary
// directory, filled; a symlink to it under a fixed temporary name; rename; the old directory is removed. Nothing is synced.
package main

import (
	"fmt"
	"os"
	"path/filepath"
)

func fill(link string, populate func(directory string) error) error {
	old := ""
	if about, err := os.Lstat(link); err == nil {
		if about.Mode()&os.ModeSymlink == 0 {
			return fmt.Errorf("%s is not a symlink", link)
		}
		if old, err = os.Readlink(link); err != nil {
			return err
		}
	}
	directory, err := os.MkdirTemp(filepath.Dir(link), filepath.Base(link)+"-")
	if err != nil {
		return err
	}
	if err := populate(directory); err != nil {
		os.RemoveAll(directory)
		return err
	}
	temporary := link + ".tmp"
	if err := os.Symlink(directory, temporary); err != nil {
		return err
	}
	if err := os.Rename(temporary, link); err != nil {
		return err
	}
	if old != "" {
		return os.RemoveAll(old)
	}
	return nil
}

func main() {
	job := jobParse()
	err := fill(filepath.Join(job.directory, "live"), func(directory string) error {
		for i := 0; i < job.count; i++ {
			if err := os.WriteFile(filepath.Join(directory, job.name(i)), job.bytes(i), 0o644); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
