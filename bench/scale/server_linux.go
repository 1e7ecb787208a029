package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"strconv"
	"syscall"
	"time"

	"github.com/bennu-go/bennu/bench/settle"
)

const (
	serverAddr = "10.0.0.1:4100"
	adminAddr  = "127.0.0.1:4101"
)

// A server is the process under test.
type server struct {
	cmd    *exec.Cmd
	exited chan struct{} // closed when the process is gone
	err    error         // its end; may be read after that
	client http.Client
}

func startServer(ctx context.Context, o options, log io.Writer) (*server, error) {
	s := &server{exited: make(chan struct{}), client: http.Client{Timeout: time.Minute}}
	s.cmd = exec.Command(o.server, "-addr", serverAddr, "-admin", adminAddr, "-shards", strconv.Itoa(o.shards), "-max", strconv.Itoa(o.n+1_000))
	s.cmd.Stdout, s.cmd.Stderr = log, log
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := s.cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting the server: %w", err)
	}
	go func() {
		s.err = s.cmd.Wait()
		close(s.exited)
	}()
	for {
		if r, err := s.client.Get("http://" + serverAddr + "/health/ready"); err == nil {
			r.Body.Close()
			if r.StatusCode == http.StatusOK {
				return s, nil
			}
		}
		select {
		case <-ctx.Done():
			s.kill()
			return nil, ctx.Err()
		case <-s.exited:
			return nil, fmt.Errorf("the server ended before it was ready: %v", s.err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func (s *server) kill() {
	s.cmd.Process.Kill()
	<-s.exited
}

// ask reads one of the server's hooks.
func (s *server) ask(path string, answer any) error {
	r, err := s.client.Get("http://" + adminAddr + path)
	if err != nil {
		return fmt.Errorf("asking the server: %w", err)
	}
	defer r.Body.Close()
	if err := json.NewDecoder(r.Body).Decode(answer); err != nil {
		return fmt.Errorf("asking the server for %s: %w", path, err)
	}
	return nil
}

// cpu is what the server has used so far.
func (s *server) cpu() (time.Duration, error) {
	var u settle.Usage
	err := s.ask(settle.UsagePath, &u)
	return u.CPU, err
}
