// SPDX-License-Identifier: ISC
// viper's WatchConfig of the file FILE.
package main

import (
	"fmt"
	"os"

	"github.com/fsnotify/fsnotify"
	"github.com/spf13/viper"
)

func main() {
	viper.SetConfigFile(os.Args[1])
	if err := viper.ReadInConfig(); err != nil {
		panic(err)
	}
	viper.OnConfigChange(func(fsnotify.Event) { fmt.Println(viper.GetString("value")) })
	// It comes back when the watch is set.
	viper.WatchConfig()
	fmt.Println("watching")
	select {}
}
