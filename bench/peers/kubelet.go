// SPDX-License-Identifier: ISC

// kubelet DIRECTORY COUNT SEED: the way in which the kubelet updates a ConfigMap's volume, written from its description: compare
// with what is there; a directory with a time in its name, filled; ..data_tmp renamed to ..data; a symlink for each name at the
// top; the old directory is removed. Nothing is synced.
package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

type file struct {
	name string
	data []byte
}

func isWritten(directory string, files []file) bool {
	for _, one := range files {
		data, err := os.ReadFile(filepath.Join(directory, one.name))
		if err != nil || !bytes.Equal(data, one.data) {
			return false
		}
	}
	return true
}

func writeNew(top string, files []file) (string, error) {
	directory, err := os.MkdirTemp(top, time.Now().UTC().Format("..2006_01_02_15_04_05."))
	if err != nil {
		return "", err
	}
	if err := os.Chmod(directory, 0o755); err != nil {
		return "", err
	}
	for _, one := range files {
		path := filepath.Join(directory, one.name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return "", err
		}
		if err := os.WriteFile(path, one.data, 0o644); err != nil {
			return "", err
		}
		// The umask took its share.
		if err := os.Chmod(path, 0o644); err != nil {
			return "", err
		}
	}
	return directory, nil
}

func showNames(top string, files []file) error {
	for _, one := range files {
		path := filepath.Join(top, one.name)
		if _, err := os.Readlink(path); err == nil {
			continue
		}
		if err := os.Symlink(filepath.Join("..data", one.name), path); err != nil {
			return err
		}
	}
	return nil
}

func update(top string, files []file) error {
	old, _ := os.Readlink(filepath.Join(top, "..data"))
	if old != "" && isWritten(filepath.Join(top, old), files) {
		return nil
	}
	directory, err := writeNew(top, files)
	if err != nil {
		return err
	}
	temporary := filepath.Join(top, "..data_tmp")
	if err := os.Symlink(filepath.Base(directory), temporary); err != nil {
		return err
	}
	if err := os.Rename(temporary, filepath.Join(top, "..data")); err != nil {
		return err
	}
	if err := showNames(top, files); err != nil {
		return err
	}
	if old == "" {
		return nil
	}
	return os.RemoveAll(filepath.Join(top, old))
}

func main() {
	job := jobParse()
	files := make([]file, job.count)
	for i := range files {
		files[i] = file{job.name(i), append([]byte(nil), job.bytes(i)...)}
	}
	if err := update(job.directory, files); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
