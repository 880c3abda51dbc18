package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	"github.com/pulumi/pulumi/sdk/v3/go/common/version"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/pulumi/pulumi/sdk/v3/python/toolchain"
)

const (
	// The SDK's start script exits with it once the user has been shown the error: nothing is left to report.
	exitAlreadyReported = 32
	// What a Python process gets between the request to stop and the kill.
	stopGrace = 5 * time.Second
)

type languageHost struct {
	pulumirpc.UnimplementedLanguageRuntimeServer

	starter string // the SDK's pulumi-language-python-exec
	tracing string

	mu            sync.Mutex
	engineAddress string

	running context.Context // ends when the engine cancels
	stopAll context.CancelFunc
}

func newLanguageHost(starter, engineAddress, tracing string) *languageHost {
	running, stopAll := context.WithCancel(context.Background())
	return &languageHost{
		starter: starter, tracing: tracing, engineAddress: engineAddress, running: running, stopAll: stopAll,
	}
}

// Handshake tells the address of the engine that programs report to.
func (host *languageHost) Handshake(
	_ context.Context, request *pulumirpc.LanguageHandshakeRequest,
) (*pulumirpc.LanguageHandshakeResponse, error) {
	host.mu.Lock()
	defer host.mu.Unlock()
	host.engineAddress = request.GetEngineAddress()
	return &pulumirpc.LanguageHandshakeResponse{}, nil
}

func (host *languageHost) engine() string {
	host.mu.Lock()
	defer host.mu.Unlock()
	return host.engineAddress
}

// GetPluginInfo answers with the SDK's version, which is the one the host was built from.
func (host *languageHost) GetPluginInfo(context.Context, *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return &pulumirpc.PluginInfo{Version: version.Version}, nil
}

// GetRequiredPackages names none: the engine asks for a plugin when a program registers its first resource.
func (host *languageHost) GetRequiredPackages(
	context.Context, *pulumirpc.GetRequiredPackagesRequest,
) (*pulumirpc.GetRequiredPackagesResponse, error) {
	return &pulumirpc.GetRequiredPackagesResponse{}, nil
}

// Cancel stops every Python process that the host has started.
func (host *languageHost) Cancel(context.Context, *emptypb.Empty) (*emptypb.Empty, error) {
	host.stopAll()
	return &emptypb.Empty{}, nil
}

// Run runs a program to its end. An error in the program is an answer, not a failure of the call.
func (host *languageHost) Run(ctx context.Context, request *pulumirpc.RunRequest) (*pulumirpc.RunResponse, error) {
	environment, err := programEnvironment(request)
	if err != nil {
		return nil, err
	}
	arguments := append([]string{"-u", host.starter}, programArguments(request, host.engine(), host.tracing)...)
	command, release, err := host.python(ctx, request.GetInfo(), arguments...)
	if err != nil {
		return nil, err
	}
	defer release()
	command.Env = append(command.Env, environment...)
	// The engine shows what the host writes.
	command.Stdout, command.Stderr = os.Stdout, os.Stderr
	return outcome(command.Run())
}

// outcome turns the end of a program's process into the answer that the engine knows how to show.
func outcome(err error) (*pulumirpc.RunResponse, error) {
	var exit *exec.ExitError
	switch {
	case err == nil:
		return &pulumirpc.RunResponse{}, nil
	case !errors.As(err, &exit):
		return nil, fmt.Errorf("the Python program could not be run: %w", err)
	case exit.ExitCode() == exitAlreadyReported:
		return &pulumirpc.RunResponse{Bail: true}, nil
	case exit.ExitCode() < 0:
		return &pulumirpc.RunResponse{Error: fmt.Sprintf("the Python program was ended: %v", exit)}, nil
	default:
		return &pulumirpc.RunResponse{
			Error: fmt.Sprintf("the Python program ended with exit code %d", exit.ExitCode()),
		}, nil
	}
}

func programArguments(request *pulumirpc.RunRequest, engine, tracing string) []string {
	arguments := []string{}
	for _, option := range []struct{ name, value string }{
		{"monitor", request.GetMonitorAddress()},
		{"engine", engine},
		{"project", request.GetProject()},
		{"root_directory", request.GetInfo().GetRootDirectory()},
		{"stack", request.GetStack()},
		{"pwd", request.GetPwd()},
		{"dry_run", strconv.FormatBool(request.GetDryRun())},
		{"parallel", strconv.Itoa(int(request.GetParallel()))},
		{"tracing", tracing},
		{"organization", request.GetOrganization()},
	} {
		if option.value != "" {
			arguments = append(arguments, "--"+option.name, option.value)
		}
	}
	entry := request.GetInfo().GetEntryPoint()
	if entry == "" {
		entry = "."
	}
	return append(append(arguments, entry), request.GetArgs()...)
}

// programEnvironment hands the stack's configuration over as JSON. The SDK reads `null` as a broken configuration, so
// an empty one is written as an empty map and an empty list.
func programEnvironment(request *pulumirpc.RunRequest) ([]string, error) {
	settings, secretKeys := request.GetConfig(), request.GetConfigSecretKeys()
	if settings == nil {
		settings = map[string]string{}
	}
	if secretKeys == nil {
		secretKeys = []string{}
	}
	settingsJSON, err := json.Marshal(settings)
	if err != nil {
		return nil, fmt.Errorf("writing the stack's configuration: %w", err)
	}
	secretKeysJSON, err := json.Marshal(secretKeys)
	if err != nil {
		return nil, fmt.Errorf("writing the names of the stack's secrets: %w", err)
	}
	return []string{
		"PULUMI_CONFIG=" + string(settingsJSON), "PULUMI_CONFIG_SECRET_KEYS=" + string(secretKeysJSON),
	}, nil
}

// RunPlugin runs a plugin that is written in Python, a policy pack above all, and streams what it writes.
func (host *languageHost) RunPlugin(
	request *pulumirpc.RunPluginRequest, stream pulumirpc.LanguageRuntime_RunPluginServer,
) error {
	program := request.GetInfo().GetProgramDirectory()
	arguments := append([]string{"-u", program}, request.GetArgs()...)
	if request.GetKind() == string(apitype.AnalyzerPlugin) {
		// The SDK's starter for policy packs: it takes the engine's address first, then the pack.
		arguments = append(append([]string{"-u", "-m", "pulumi.policy"}, request.GetArgs()...), program)
	}
	command, release, err := host.python(stream.Context(), request.GetInfo(), arguments...)
	if err != nil {
		return err
	}
	defer release()
	closer, stdout, stderr, err := rpcutil.MakeRunPluginStreams(stream, false)
	if err != nil {
		return fmt.Errorf("opening the plugin's output: %w", err)
	}
	defer closer.Close() //nolint:errcheck // closed a second time after an error; the first error is the one returned
	command.Dir = request.GetPwd()
	command.Env = append(command.Env, request.GetEnv()...)
	command.Stdout, command.Stderr = stdout, stderr

	exitCode := 0
	var exit *exec.ExitError
	if err := command.Run(); errors.As(err, &exit) {
		exitCode = exit.ExitCode()
	} else if err != nil {
		return fmt.Errorf("the plugin at %s could not be run: %w", program, err)
	}
	if err := closer.Close(); err != nil {
		return fmt.Errorf("closing the plugin's output: %w", err)
	}
	return stream.Send(&pulumirpc.RunPluginResponse{
		Output: &pulumirpc.RunPluginResponse_Exitcode{Exitcode: int32(exitCode)}, //nolint:gosec // 0–255
	})
}

// python prepares the interpreter of the program's virtual environment. The returned function must be called when the
// process has ended.
func (host *languageHost) python(
	ctx context.Context, info *pulumirpc.ProgramInfo, arguments ...string,
) (*exec.Cmd, func(), error) {
	tools, err := virtualEnvironment(info)
	if err != nil {
		return nil, nil, err
	}
	if err := tools.ValidateVenv(ctx); err != nil {
		return nil, nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	withdraw := context.AfterFunc(host.running, cancel)
	command, err := tools.Command(ctx, arguments...)
	if err != nil {
		cancel()
		return nil, nil, err
	}
	if command.Env == nil {
		command.Env = os.Environ()
	}
	command.Cancel = func() error { return command.Process.Signal(syscall.SIGTERM) }
	command.WaitDelay = stopGrace
	return command, func() { withdraw(); cancel() }, nil
}

// virtualEnvironment reads `runtime.options` of Pulumi.yaml or PulumiPolicy.yaml.
func virtualEnvironment(info *pulumirpc.ProgramInfo) (toolchain.Toolchain, error) {
	options := toolchain.PythonOptions{
		Root: info.GetRootDirectory(), ProgramDir: info.GetProgramDirectory(), Toolchain: toolchain.Pip,
	}
	for name, value := range info.GetOptions().AsMap() {
		text, isText := value.(string)
		switch {
		case !isText:
			return nil, status.Errorf(codes.InvalidArgument, "runtime.options.%s is %v; a string is needed", name, value)
		case name == "virtualenv":
			options.Virtualenv = text
		case name == "toolchain" && strings.EqualFold(text, "pip"):
		case name == "toolchain":
			return nil, status.Errorf(codes.InvalidArgument,
				"runtime.options.toolchain is %q; this language host knows pip alone", text)
		default:
			return nil, status.Errorf(codes.InvalidArgument,
				"runtime.options.%s is not known to this language host; allowed are virtualenv and toolchain", name)
		}
	}
	return toolchain.ResolveToolchain(options)
}

// InstallDependencies makes the virtual environment and installs requirements.txt into it.
func (host *languageHost) InstallDependencies(
	request *pulumirpc.InstallDependenciesRequest, stream pulumirpc.LanguageRuntime_InstallDependenciesServer,
) error {
	tools, err := virtualEnvironment(request.GetInfo())
	if err != nil {
		return err
	}
	closer, stdout, stderr, err := rpcutil.MakeInstallDependenciesStreams(stream, request.GetIsTerminal())
	if err != nil {
		return fmt.Errorf("opening the installation's output: %w", err)
	}
	defer closer.Close() //nolint:errcheck // closed a second time after an error; the first error is the one returned
	directory := request.GetInfo().GetProgramDirectory()
	err = tools.InstallDependencies(
		stream.Context(), directory, request.GetUseLanguageVersionTools(), true, stdout, stderr)
	if err != nil {
		return fmt.Errorf("installing the dependencies of %s: %w", directory, err)
	}
	return closer.Close()
}

// About names the interpreter, for `pulumi about`.
func (host *languageHost) About(
	ctx context.Context, request *pulumirpc.AboutRequest,
) (*pulumirpc.AboutResponse, error) {
	tools, err := virtualEnvironment(request.GetInfo())
	if err != nil {
		return nil, err
	}
	info, err := tools.About(ctx)
	if err != nil {
		return nil, fmt.Errorf("asking Python about itself: %w", err)
	}
	return &pulumirpc.AboutResponse{Executable: info.PythonExecutable, Version: info.PythonVersion.String()}, nil
}

// GetProgramDependencies lists the installed packages, for `pulumi about`.
func (host *languageHost) GetProgramDependencies(
	ctx context.Context, request *pulumirpc.GetProgramDependenciesRequest,
) (*pulumirpc.GetProgramDependenciesResponse, error) {
	tools, err := virtualEnvironment(request.GetInfo())
	if err != nil {
		return nil, err
	}
	packages, err := tools.ListPackages(ctx, request.GetTransitiveDependencies())
	if err != nil {
		return nil, fmt.Errorf("listing the packages of %s: %w", request.GetInfo().GetProgramDirectory(), err)
	}
	response := &pulumirpc.GetProgramDependenciesResponse{}
	for _, installed := range packages {
		response.Dependencies = append(response.Dependencies,
			&pulumirpc.DependencyInfo{Name: installed.Name, Version: installed.Version})
	}
	return response, nil
}
