package main

import (
	"runtime/debug"
	"testing"
	"testing/fstest"
)

func TestMendC3TheLimitOfTheControlGroupIsFound(t *testing.T) {
	for name, tt := range map[string]struct {
		files map[string]string
		want  int64
	}{
		"no Linux": {nil, 0},
		"a container, version 2": {map[string]string{"proc/self/cgroup": "0::/\n",
			"sys/fs/cgroup/memory.max": "536870912\n"}, 512 << 20},
		"none, version 2": {map[string]string{"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": "max\n"},
			0},
		"a service of systemd": {map[string]string{"proc/self/cgroup": "0::/system.slice/outcrop.service\n",
			"sys/fs/cgroup/system.slice/outcrop.service/memory.max": "max\n",
			"sys/fs/cgroup/system.slice/memory.max":                 "1073741824\n"}, 1 << 30},
		"the least of those around": {map[string]string{"proc/self/cgroup": "0::/a/b\n",
			"sys/fs/cgroup/a/b/memory.max": "300\n", "sys/fs/cgroup/a/memory.max": "200\n", "sys/fs/cgroup/memory.max": "400\n"},
			200},
		"the host's path": {map[string]string{"proc/self/cgroup": "9:memory:/docker/0123\n8:cpu:/docker/0123\n",
			"sys/fs/cgroup/memory/memory.limit_in_bytes": "268435456\n"}, 256 << 20},
		"none, version 1": {map[string]string{"proc/self/cgroup": "9:memory:/\n",
			"sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n"}, 0},
		"nonsense": {map[string]string{"proc/self/cgroup": "x\n0::/../../etc\n",
			"sys/fs/cgroup/memory.max": "many\n"}, 0},
	} {
		root := fstest.MapFS{}
		for path, text := range tt.files {
			root[path] = &fstest.MapFile{Data: []byte(text)}
		}
		if got := cgroupLimit(root); got != tt.want {
			t.Errorf("%s: %d, want %d", name, got, tt.want)
		}
	}
}

func TestMendC3WhatTheUserSetsIsObeyed(t *testing.T) {
	percent, limit := debug.SetGCPercent(77), debug.SetMemoryLimit(1<<40)
	defer func() { debug.SetGCPercent(percent); debug.SetMemoryLimit(limit) }()
	box := fstest.MapFS{
		"proc/self/cgroup":         &fstest.MapFile{Data: []byte("0::/\n")},
		"sys/fs/cgroup/memory.max": &fstest.MapFile{Data: []byte("8589934592\n")},
	}
	for name, tt := range map[string]struct {
		env     map[string]string
		percent int
		limit   int64
	}{
		"nothing": {nil, 400, 6 << 30},
		// the runtime has read it: 77 stands for what it set
		"GOGC=100":        {map[string]string{"GOGC": "100"}, 77, 6 << 30},
		"GOGC=off":        {map[string]string{"GOGC": "off"}, 77, 6 << 30},
		"GOMEMLIMIT=1TiB": {map[string]string{"GOMEMLIMIT": "1TiB"}, 400, 1 << 40},
		"both":            {map[string]string{"GOGC": "50", "GOMEMLIMIT": "1TiB"}, 77, 1 << 40},
	} {
		debug.SetGCPercent(77)
		debug.SetMemoryLimit(1 << 40)
		useMemory(func(name string) string { return tt.env[name] }, box)
		if p, l := debug.SetGCPercent(77), debug.SetMemoryLimit(-1); p != tt.percent || l != tt.limit {
			t.Errorf("%s: GOGC %d and limit %d, want %d and %d", name, p, l, tt.percent, tt.limit)
		}
	}
}

func TestMendE8TheMemoryOfTheMachineIsFound(t *testing.T) {
	for text, want := range map[string]int64{
		"MemTotal:       24576000 kB\nMemFree:         2 kB\n": 24576000 << 10,
		"MemTotal: much\n": 0,
		"":                 0,
	} {
		if got := memoryOf(fstest.MapFS{"proc/meminfo": {Data: []byte(text)}}); got != want {
			t.Errorf("%q: %d", text, got)
		}
	}
	if got := memoryOf(fstest.MapFS{}); got != 0 {
		t.Errorf("without the file: %d", got)
	}
}
