// pulumi-language-python is the language host: the process that Pulumi's engine starts, speaks to over gRPC and lets
// run Python programs, policy packs and source plugins.
//
// Pulumi publishes its own host in its installers only; the module proxy serves no version of it. This one is built
// from the public SDK so that a machine which reaches package registries alone can run `pulumi up`. It knows what this
// project needs: Python in a virtual environment kept by pip.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"google.golang.org/grpc"

	"github.com/pulumi/pulumi/sdk/v3/go/common/util/cmdutil"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/logging"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// How often the host asks whether the engine is still there. It ends itself and its Python processes with an engine
// that was killed.
const engineCheck = 5 * time.Second

func main() {
	if err := serve(os.Args[1:], os.Stdout); err != nil {
		cmdutil.Exit(err)
	}
}

// serve runs the host until the engine goes away. The first line on stdout is the port: that is how the engine finds it.
func serve(args []string, stdout io.Writer) error {
	flags := flag.NewFlagSet("pulumi-language-python", flag.ContinueOnError)
	tracing := flags.String("tracing", "", "where to send traces (a Zipkin endpoint)")
	logToStderr := flags.Bool("logtostderr", false, "log to stderr instead of to files")
	logFlow := flags.Bool("logflow", false, "pass the log settings on to child processes")
	verbosity := flags.Int("v", 0, "log level")
	if err := flags.Parse(args); err != nil {
		return fmt.Errorf("pulumi-language-python: %w", err)
	}
	logging.InitLogging(*logToStderr, *verbosity, *logFlow)
	cmdutil.InitTracing("pulumi-language-python", "pulumi-language-python", *tracing)

	starter, err := besideExecutable("pulumi-language-python-exec")
	if err != nil {
		return err
	}
	engineAddress := flags.Arg(0)
	ctx, stop := context.WithCancel(context.Background())
	defer stop()

	host := newLanguageHost(starter, engineAddress, *tracing)
	stopServer := make(chan bool)
	if engineAddress != "" {
		gone := func() {
			host.stopAll()
			close(stopServer)
		}
		if err := rpcutil.Healthcheck(ctx, engineAddress, engineCheck, gone); err != nil {
			return fmt.Errorf("watching the engine at %s: %w", engineAddress, err)
		}
	}
	handle, err := rpcutil.ServeWithOptions(rpcutil.ServeOptions{
		Cancel: stopServer,
		Init: func(server *grpc.Server) error {
			pulumirpc.RegisterLanguageRuntimeServer(server, host)
			return nil
		},
		Options: rpcutil.TracingServerInterceptorOptions(nil),
	})
	if err != nil {
		return fmt.Errorf("starting the language host's server: %w", err)
	}
	if _, err := fmt.Fprintf(stdout, "%d\n", handle.Port); err != nil {
		return fmt.Errorf("telling the engine the port: %w", err)
	}
	defer host.stopAll()
	return <-handle.Done
}

// besideExecutable finds a file that was installed in the host's own directory, so that the two always fit together.
func besideExecutable(name string) (string, error) {
	executable, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("finding the language host's own directory: %w", err)
	}
	path := filepath.Join(filepath.Dir(executable), name)
	if _, err := os.Stat(path); err != nil {
		return "", fmt.Errorf("%s is missing: install the tool chain again (%w)", path, err)
	}
	return path, nil
}
