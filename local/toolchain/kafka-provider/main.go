// pulumi-resource-kafka is the plugin behind the pulumi-kafka SDK. Pulumi's own build of it is fetched from its release
// page; the module proxy serves no version of it. What both wrap is the same public Terraform provider, and the tokens
// and names below are those of the SDK 3.13.0, so that state made by either is read by the other.
package main

import (
	"github.com/Mongey/terraform-provider-kafka/kafka"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	shimv2 "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfshim/sdk-v2"
)

// The SDK asks for exactly this version of the plugin.
const version = "3.13.0"

// The longest name that the plugin makes up when a program gives none: as in Pulumi's own build.
const longestName = 255

func provider() tfbridge.ProviderInfo {
	info := tfbridge.ProviderInfo{
		P:            shimv2.NewProvider(kafka.Provider()),
		Name:         "kafka",
		Version:      version,
		MetadataInfo: tfbridge.NewProviderMetadata([]byte("{}")),
		Config: map[string]*tfbridge.SchemaInfo{
			"sasl_mechanism":  fromEnvironment("KAFKA_SASL_MECHANISM", "plain"),
			"skip_tls_verify": fromEnvironment("KAFKA_SKIP_VERIFY", false),
			"tls_enabled":     fromEnvironment("KAFKA_ENABLE_TLS", true),
		},
		Resources: map[string]*tfbridge.ResourceInfo{
			"kafka_acl": {
				Tok: "kafka:index/acl:Acl",
				Fields: map[string]*tfbridge.SchemaInfo{
					"resource_name": {Name: "aclResourceName"},
					"resource_type": {Name: "aclResourceType"},
				},
			},
			"kafka_quota":                 {Tok: "kafka:index/quota:Quota"},
			"kafka_topic":                 {Tok: "kafka:index/topic:Topic"},
			"kafka_user_scram_credential": {Tok: "kafka:index/userScramCredential:UserScramCredential"},
		},
		DataSources: map[string]*tfbridge.DataSourceInfo{
			"kafka_topic":  {Tok: "kafka:index:getTopic"},
			"kafka_topics": {Tok: "kafka:index:getTopics"},
		},
	}
	info.SetAutonaming(longestName, "-")
	return info
}

func fromEnvironment(variable string, otherwise any) *tfbridge.SchemaInfo {
	return &tfbridge.SchemaInfo{Default: &tfbridge.DefaultInfo{EnvVars: []string{variable}, Value: otherwise}}
}

func main() {
	tfbridge.Main("kafka", version, provider(), []byte(`{"name": "kafka", "version": "`+version+`"}`))
}
