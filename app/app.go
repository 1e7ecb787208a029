package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/bennu-go/bennu/config"
	"github.com/bennu-go/bennu/endpoint"
	"github.com/bennu-go/bennu/supervise"
)

// An App is an application as its binary knows it. C is the struct of its settings, as package config fills it.
type App[C any] struct {
	// Name in messages. Empty means that of the binary.
	Name string
	// Config is where settings come from. The zero value is the environment, without a prefix.
	Config config.Source
	// Build wires the application and starts nothing. Required.
	Build func(cfg C) (Parts, error)
	// Commands of the application itself: migrations, imports. They may not have the names of those that every application has.
	Commands []Command[C]
}

// Parts are what the commands need of an application.
type Parts struct {
	// Service is the whole of it, the supervisor that main would run. Required.
	Service supervise.Service
	// Endpoint is what "health" and "routes" ask. Nil: the application has none.
	Endpoint *endpoint.Endpoint
}

// A Command is a command of the application's own.
type Command[C any] struct {
	// Name is what it is called by.
	Name string
	// Help is one line about it.
	Help string
	// Run gets the arguments behind the name. Its context ends when the process is told to stop.
	Run func(ctx context.Context, cfg C, args []string, out io.Writer) error
}

// Main does what the arguments of the process say, and ends the process: it is all that func main calls.
func Main[C any](a App[C]) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // from then on a second signal ends the process
	os.Exit(a.Run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// Run is [Main] with arguments in hand: it returns the exit status. Ending ctx stops the command. It panics if a is not whole.
func (a App[C]) Run(ctx context.Context, args []string, out, errOut io.Writer) int {
	if a.Name == "" {
		a.Name = filepath.Base(os.Args[0])
	}
	commands := a.commands(errOut)
	if len(args) == 0 {
		a.help(errOut, commands)
		return 2
	}
	switch args[0] {
	case "help", "-h", "-help", "--help":
		a.help(out, commands)
		return 0
	}
	for _, c := range commands {
		if c.name != args[0] {
			continue
		}
		err := c.run(ctx, args[1:], out)
		var wrong usageError
		switch {
		case err == nil, errors.Is(err, errHelped):
			return 0
		case errors.Is(err, context.Canceled) && ctx.Err() != nil: // it was told to
			return 0
		case errors.As(err, &wrong):
			fmt.Fprintf(errOut, "%s %s: %v\n", a.Name, c.name, err)
			return 2
		}
		fmt.Fprintf(errOut, "%s %s: %v\n", a.Name, c.name, err)
		return 1
	}
	fmt.Fprintf(errOut, "%s: there is no command %q\n\n", a.Name, args[0])
	a.help(errOut, commands)
	return 2
}

func (a App[C]) help(w io.Writer, commands []command) {
	fmt.Fprintf(w, "Usage: %s COMMAND\n\n", a.Name)
	width := 0
	for _, c := range commands {
		width = max(width, len(c.name))
	}
	for _, c := range commands {
		fmt.Fprintf(w, "  %-*s  %s\n", width, c.name, c.help)
	}
}

// build reads the settings and wires the application.
func (a App[C]) build() (Parts, error) {
	cfg, err := config.Load[C](a.Config)
	if err != nil {
		return Parts{}, err
	}
	parts, err := a.Build(cfg)
	if err == nil && parts.Service == nil {
		err = errors.New("app: Build returned no Service: put the supervisor of the application there")
	}
	return parts, err
}

// endpoint is build for commands that ask the endpoint.
func (a App[C]) endpoint() (*endpoint.Endpoint, error) {
	parts, err := a.build()
	if err == nil && parts.Endpoint == nil {
		err = errors.New("app: this application has no endpoint")
	}
	return parts.Endpoint, err
}
