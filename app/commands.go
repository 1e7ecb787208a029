package app

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/bennu-go/bennu/config"
	"github.com/bennu-go/bennu/router"
)

// command is one of the application's or of all applications' commands.
type command struct {
	name, help string
	run        func(ctx context.Context, args []string, out io.Writer) error
}

func (a App[C]) commands(errOut io.Writer) []command {
	if a.Build == nil {
		panic("app: App.Build is missing: give it the function that wires the application")
	}
	all := []command{
		{"server", "serve until told to stop", a.server},
		{"health", "ask the running instance whether it is ready: exits with 0 or 1", a.health},
		{"routes", "print the routes; -json for programs", func(_ context.Context, args []string, out io.Writer) error { return a.routes(args, out, errOut) }},
		{"paths", "write the typed paths: -o file.go, -package name", a.paths},
		{"config", "print the variables that settings come from", a.config},
	}
	for _, own := range a.Commands {
		switch {
		case own.Name == "" || own.Run == nil:
			panic(fmt.Sprintf("app: the command %q needs a Name and Run", own.Name))
		case own.Name == "help", find(all, own.Name):
			panic(fmt.Sprintf("app: there are two commands %q; give the application's another name", own.Name))
		}
		all = append(all, command{own.Name, own.Help, func(ctx context.Context, args []string, out io.Writer) error {
			cfg, err := config.Load[C](a.Config)
			if err != nil {
				return err
			}
			return own.Run(ctx, cfg, args, out)
		}})
	}
	return all
}

func find(all []command, name string) bool {
	for _, c := range all {
		if c.name == name {
			return true
		}
	}
	return false
}

// usageError is a mistake in the arguments.
type usageError struct{ error }

// errHelped ends a command that was asked for its help.
var errHelped = errors.New("app: the help was printed")

// flags parses what is behind a command that takes flags only.
func flags(name string, args []string, out io.Writer, define func(*flag.FlagSet)) error {
	set := flag.NewFlagSet(name, flag.ContinueOnError)
	set.SetOutput(io.Discard)
	define(set)
	err := set.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprintf(out, "Flags of %s:\n", name)
		set.SetOutput(out)
		set.PrintDefaults()
		return errHelped
	case err != nil:
		return usageError{err}
	case set.NArg() > 0:
		return usageError{fmt.Errorf("unexpected argument %q", set.Arg(0))}
	}
	return nil
}

func none(*flag.FlagSet) {}

func (a App[C]) server(ctx context.Context, args []string, out io.Writer) error {
	if err := flags("server", args, out, none); err != nil {
		return err
	}
	parts, err := a.build()
	if err != nil {
		return err
	}
	return parts.Service.Run(ctx)
}

func (a App[C]) routes(args []string, out, errOut io.Writer) error {
	asJSON := false
	if err := flags("routes", args, out, func(f *flag.FlagSet) { f.BoolVar(&asJSON, "json", false, "print a list of objects") }); err != nil {
		return err
	}
	ep, err := a.endpoint()
	if err != nil {
		return err
	}
	for _, w := range ep.Warnings() {
		fmt.Fprintf(errOut, "warning: %v\n", w)
	}
	if asJSON {
		return router.FormatJSON(out, ep.Routes())
	}
	return router.Format(out, ep.Routes())
}

func (a App[C]) paths(_ context.Context, args []string, out io.Writer) error {
	pkg, file := "", ""
	if err := flags("paths", args, out, func(f *flag.FlagSet) {
		f.StringVar(&pkg, "package", "paths", "name of the package")
		f.StringVar(&file, "o", "", "file to write; standard output without it")
	}); err != nil {
		return err
	}
	ep, err := a.endpoint()
	if err != nil {
		return err
	}
	var src bytes.Buffer
	if err := router.WriteGo(&src, pkg, ep.Routes()); err != nil {
		return err
	}
	if file == "" {
		_, err = out.Write(src.Bytes())
		return err
	}
	if old, err := os.ReadFile(file); err == nil && bytes.Equal(old, src.Bytes()) {
		return nil // as it is, so that builds do not take it for new
	}
	return os.WriteFile(file, src.Bytes(), 0o644)
}

func (a App[C]) config(_ context.Context, args []string, out io.Writer) error {
	if err := flags("config", args, out, none); err != nil {
		return err
	}
	_, err := io.WriteString(out, config.Usage[C](a.Config.Prefix))
	return err
}
