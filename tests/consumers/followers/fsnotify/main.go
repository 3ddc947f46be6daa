// SPDX-License-Identifier: ISC
// fsnotify on the directory of FILE, added once, as its own documentation recommends.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/fsnotify/fsnotify"
)

func main() {
	file := os.Args[1]
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		panic(err)
	}
	if err := watcher.Add(filepath.Dir(file)); err != nil {
		panic(err)
	}
	fmt.Println("watching")
	for range watcher.Events {
		if text, err := os.ReadFile(file); err == nil {
			fmt.Println(strings.TrimSpace(strings.TrimPrefix(string(text), "value: ")))
		}
	}
}
