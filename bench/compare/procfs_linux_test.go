package main

import (
	"net"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
)

const tcpTable = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1004 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 111 1 0000000000000000 100 0 0 10 0
   1: 0100007F:1004 0100007F:8F1C 01 00000000:00000000 00:00000000 00000000     0        0 222 1 0000000000000000 20 4 30 10 -1
   2: 00000000000000000000000000000000:1004 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 333 1 0000000000000000 100 0 0 10 0
   3: 0100007F:1005 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 444 1 0000000000000000 100 0 0 10 0
`

func TestListeners(t *testing.T) {
	if got, want := listeners(tcpTable, 0x1004), []string{"111", "333"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if got := listeners(tcpTable, 0x1006); len(got) > 0 {
		t.Errorf("got %v, want none", got)
	}
}

func FuzzListeners(f *testing.F) {
	f.Add(tcpTable, uint16(0x1004))
	f.Fuzz(func(t *testing.T, table string, port uint16) {
		if got := listeners(table, port); len(got) > strings.Count(table, "\n")+1 {
			t.Errorf("got %d sockets of %d lines", len(got), strings.Count(table, "\n"))
		}
	})
}

func TestStatGroup(t *testing.T) {
	for stat, want := range map[string]int{
		"12 (beam.smp) S 1 77 12 0": 77, "12 (a) b) (c) S 1 78 12": 78, "12 (x) S": 0, "": 0,
	} {
		if got := statGroup(stat); got != want {
			t.Errorf("%q: got %d, want %d", stat, got, want)
		}
	}
}

// This process is its own example.
func TestReadingThisProcess(t *testing.T) {
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	port := ln.Addr().(*net.TCPAddr).AddrPort().Port()
	if got, want := listenerIn(syscall.Getpgrp(), port), os.Getpid(); got != want {
		t.Errorf("listenerIn: got %d, want %d", got, want)
	}
	if got := listenerIn(-1, port); got != 0 {
		t.Errorf("listenerIn another group: got %d, want 0", got)
	}
	if got, err := resident(os.Getpid()); err != nil || got < 1<<20 {
		t.Errorf("resident: got %d and %v, want a megabyte at least", got, err)
	}
	before, err := descriptors(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if after, err := descriptors(os.Getpid()); err != nil || after != before+1 {
		t.Errorf("descriptors: got %d and %v after %d, want one more", after, err, before)
	}
}
