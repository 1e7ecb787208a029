package app

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// healthTimeout bounds a health check.
const healthTimeout = 5 * time.Second

func (a App[C]) health(ctx context.Context, args []string, out io.Writer) error {
	if err := flags("health", args, out, none); err != nil {
		return err
	}
	ep, err := a.endpoint()
	if err != nil {
		return err
	}
	url := ep.ReadyURL()
	if url == "" {
		return errors.New(`app: the endpoint has no health checks (Config.Health is "-")`)
	}
	ctx, cancel := context.WithTimeout(ctx, healthTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	client := &http.Client{Transport: &http.Transport{
		// No proxy, and no name to verify: this asks the machine it runs on, by address, and tells it nothing.
		TLSClientConfig:   &tls.Config{InsecureSkipVerify: true},
		DisableKeepAlives: true,
	}}
	resp, err := client.Do(req)
	if err != nil {
		return fmt.Errorf("app: nothing answers; is the server running, with the same settings? %w", err)
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(io.LimitReader(resp.Body, 1<<10))
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("app: not ready: %s %s", resp.Status, strings.TrimSpace(string(body)))
	}
	fmt.Fprintln(out, "ready")
	return nil
}
