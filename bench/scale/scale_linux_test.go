package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// TestMain also is what the command starts itself as, in its namespace.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && strings.Contains(strings.Join(os.Args, " "), " -inside") {
		if err := run(context.Background(), os.Args[1:], os.Stdout, os.Stderr); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

// TestAFewConnections does all that the command does, with few clients. Where namespaces or TUN devices may not be made, it has to say that this is what is missing.
func TestAFewConnections(t *testing.T) {
	server := filepath.Join(t.TempDir(), "server")
	if out, err := exec.Command("go", "build", "-tags", "benchscale", "-o", server, "../server").CombinedOutput(); err != nil {
		t.Fatalf("building the server: %v\n%s", err, out)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var out, log bytes.Buffer
	err := run(ctx, []string{"-n", "300", "-shards", "2", "-hold", "1s", "-period", "500ms", "-idle", "0", "-echo", "500ms", "-rate", "200", "-shouts", "1", "-server", server}, &out, &log)
	if missing := possible(t); missing != nil {
		if err == nil || !strings.Contains(err.Error()+log.String(), "namespace") {
			t.Fatalf("this system has no namespaces with TUN devices for us (%v), and the error is: %v\n%s", missing, err, log.String())
		}
		return
	}
	if err != nil {
		t.Fatalf("%v\n%s\n%s", err, log.String(), out.String())
	}
	for _, want := range []string{"| connections, pinned shards | 300, 2 |", "| lost, heartbeats unanswered when the next was due | 0, 0 |", "broadcast to 300:", "| closed with 1012 | 300 |"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the table has no %q:\n%s", want, out.String())
		}
	}
}

// possible asks the system itself, with a command that does nothing, in a namespace as the command's.
func possible(t *testing.T) error {
	if _, err := os.Stat("/dev/net/tun"); err != nil {
		return err
	}
	cmd := exec.Command("true")
	cmd.SysProcAttr = secluded()
	if err := cmd.Run(); err != nil {
		return errors.Join(errors.New("no namespace"), err)
	}
	f, err := os.OpenFile("/dev/net/tun", os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return f.Close()
}

func TestWrongOptions(t *testing.T) {
	for _, args := range [][]string{{"-n", "0"}, {"-n", "10000001"}, {"-idle", "31s"}, {"-period", "0"}, {"-period", "1m"}, {"-topics", "0"}, {"-rate", "0"}, {"more"}} {
		if _, err := parseOptions(args, new(bytes.Buffer)); err == nil || !strings.HasPrefix(err.Error(), "scale: ") {
			t.Errorf("%v: got %v, want an error that says what is wrong", args, err)
		}
	}
	for n, want := range map[string]int{"1": 2, "200000": 13, "1000000": 63} {
		if o, err := parseOptions([]string{"-n", n}, new(bytes.Buffer)); err != nil || o.shards != want {
			t.Errorf("%s connections get %d shards, want %d; %v", n, o.shards, want, err)
		}
	}
}

func TestFilesOfProc(t *testing.T) {
	if n, err := kilobytes("Name:\tserver\nVmRSS:\t    1234 kB\n", "VmRSS"); n != 1234<<10 || err != nil {
		t.Errorf("got %d, %v", n, err)
	}
	if _, err := kilobytes("Name:\tserver\n", "VmRSS"); err == nil {
		t.Error("a line that is not there was found")
	}
	if d, err := busy("cpu  1 2 3 4 5 6 7 8 9 10\ncpu0 1 1 1 1 1 1 1 1 1 1\n"); d != (1+2+3+6+7+8)*10*time.Millisecond || err != nil {
		t.Errorf("got %v, %v", d, err)
	}
	if _, err := busy("intr 1"); err == nil {
		t.Error("a text that is no /proc/stat was read")
	}
	now := time.Now()
	server, percent, crowd, others := load{now.Add(time.Second), 500e6, 250e6, 1e9}.since(load{at: now})
	if server != 500*time.Millisecond || percent != 50 || crowd != 25 || others != 25 {
		t.Errorf("got %v, %v, %v, %v", server, percent, crowd, others)
	}
}
