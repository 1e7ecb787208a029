package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// client is one connection that asks the same question over and over.
type client struct {
	nc  net.Conn
	br  *bufio.Reader
	ask []byte
}

func dial(addr, path string) (*client, error) {
	nc, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	ask := "GET " + path + " HTTP/1.1\r\nHost: " + addr + "\r\nAccept: application/json\r\n\r\n"
	return &client{nc: nc, br: bufio.NewReader(nc), ask: []byte(ask)}, nil
}

// do asks once and reads the answer, which has a Content-Length.
func (c *client) do() error {
	if _, err := c.nc.Write(c.ask); err != nil {
		return err
	}
	status, err := c.br.ReadSlice('\n')
	if err != nil {
		return err
	}
	if !strings.HasPrefix(string(status), "HTTP/1.1 200") {
		return fmt.Errorf("web: the server answers %q", strings.TrimSpace(string(status)))
	}
	length := -1
	for {
		line, err := c.br.ReadSlice('\n')
		if err != nil {
			return err
		}
		if len(line) <= 2 {
			break
		}
		if name, value, _ := strings.Cut(string(line), ":"); strings.EqualFold(name, "Content-Length") {
			if length, err = strconv.Atoi(strings.TrimSpace(value)); err != nil {
				return err
			}
		}
	}
	if length < 0 {
		return fmt.Errorf("web: the answer has no Content-Length")
	}
	_, err = io.CopyN(io.Discard, c.br, int64(length))
	return err
}

// closed keeps conns connections busy for d and returns how many requests were answered.
func closed(ctx context.Context, addr, path string, conns int, d time.Duration) (n int, err error) {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	counts, errs := make([]int, conns), make([]error, conns)
	var wg sync.WaitGroup
	for i := range conns {
		c, err := dial(addr, path)
		if err != nil {
			cancel()
			wg.Wait()
			return 0, err
		}
		wg.Go(func() {
			defer c.nc.Close()
			for ctx.Err() == nil {
				if errs[i] = c.do(); errs[i] != nil {
					return
				}
				counts[i]++
			}
		})
	}
	wg.Wait()
	for i := range conns {
		n += counts[i]
		if errs[i] != nil {
			err = errs[i]
		}
	}
	return n, err
}

// open asks rate times a second for d, over conns connections in turn, and returns each request's latency from when it was due.
func open(ctx context.Context, addr, path string, conns, rate int, d time.Duration) ([]time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, d+5*time.Second)
	defer cancel()
	each := int(d.Seconds() * float64(rate) / float64(conns))
	every := time.Second * time.Duration(conns) / time.Duration(rate)
	all, errs := make([][]time.Duration, conns), make([]error, conns)
	var wg sync.WaitGroup
	begin := time.Now().Add(50 * time.Millisecond)
	for i := range conns {
		c, err := dial(addr, path)
		if err != nil {
			cancel()
			wg.Wait()
			return nil, err
		}
		wg.Go(func() {
			defer c.nc.Close()
			due := begin.Add(every * time.Duration(i) / time.Duration(conns))
			for range each {
				time.Sleep(time.Until(due))
				if ctx.Err() != nil {
					errs[i] = fmt.Errorf("web: the server does not keep up with %d a second", rate)
					return
				}
				if errs[i] = c.do(); errs[i] != nil {
					return
				}
				all[i] = append(all[i], time.Since(due))
				due = due.Add(every)
			}
		})
	}
	wg.Wait()
	var sum []time.Duration
	for i := range conns {
		if errs[i] != nil {
			return nil, errs[i]
		}
		sum = append(sum, all[i]...)
	}
	slices.Sort(sum)
	return sum, nil
}

func quantile(sorted []time.Duration, q float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(int(q*float64(len(sorted))), len(sorted)-1)]
}
