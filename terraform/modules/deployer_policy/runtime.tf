# What the orchestrator and the starter toolkit call after Terraform (orchestration/aws, orchestration/runtime/worker.py).

locals {
  runtime_statements = [
    {
      Sid    = "MakeAndListRuntimes"
      Effect = "Allow"
      Action = ["bedrock-agentcore:CreateAgentRuntime", "bedrock-agentcore:ListAgentRuntimes"]
      # "*": neither takes a resource, there is no id before there is a runtime (service authorization reference, AgentCore).
      Resource = ["*"]
    },
    {
      Sid    = "OwnRuntimes"
      Effect = "Allow"
      Action = [
        "bedrock-agentcore:DeleteAgentRuntime",
        "bedrock-agentcore:DeleteAgentRuntimeEndpoint",
        "bedrock-agentcore:GetAgentRuntime",
        "bedrock-agentcore:GetAgentRuntimeEndpoint",
        "bedrock-agentcore:GetResourcePolicy",
        "bedrock-agentcore:ListAgentRuntimeEndpoints",
        "bedrock-agentcore:ListTagsForResource",
        "bedrock-agentcore:TagResource",
        "bedrock-agentcore:UpdateAgentRuntime",
      ]
      # Endpoints begin with their runtime's ARN, which the pattern's end takes in.
      Resource = [for name in local.runtime_names : "${local.runtimes_arn}/${name}"]
    },
    {
      # The smoke test looks up whom it reached; `down` deletes what the service keeps of a runtime that is gone.
      Sid      = "OwnLogs"
      Effect   = "Allow"
      Action   = ["logs:DeleteLogGroup", "logs:FilterLogEvents"]
      Resource = concat([for name in local.runtime_names : "${local.log_groups_arn}/${name}"], ["${local.function_logs}:*"])
    },
    {
      # What a teardown may have left is looked for by name and tag, in each service's own list.
      Sid    = "LookForRemains"
      Effect = "Allow"
      Action = [
        "bedrock-agentcore:ListOauth2CredentialProviders",
        "bedrock-agentcore:ListWorkloadIdentities",
        "cloudwatch:DescribeAlarms",
        "codebuild:ListProjects",
        "cognito-idp:ListUserPools",
        "ecr:DescribeRepositories",
        "iam:ListPolicies",
        "iam:ListRoles",
        "lambda:ListFunctions",
        "s3:ListAllMyBuckets",
        "secretsmanager:ListSecrets",
        "tag:GetResources",
      ]
      # "*": they list, so they are authorized against all or take no resource; they tell names, and of a pool or a secret no more.
      Resource = ["*"]
    },
    {
      # A pool that is named like ours says whose it is by its tags, which the list does not tell.
      Sid      = "LookAtPools"
      Effect   = "Allow"
      Action   = ["cognito-idp:DescribeUserPool"]
      Resource = [local.pools_arn]
    },
  ]

  probe_statements = [
    for arns in var.probes_enabled ? [local.probe_roles_arns] : [] : {
      Sid      = "BeTheProbesOfTheIamDoor"
      Effect   = "Allow"
      Action   = ["sts:AssumeRole"]
      Resource = arns
    }
  ]

  state_statements = flatten([
    for bucket in var.state_bucket_name == null ? [] : ["arn:${var.partition}:s3:::${var.state_bucket_name}"] : [
      {
        Sid      = "FindTheState"
        Effect   = "Allow"
        Action   = ["s3:GetBucketTagging", "s3:ListBucket"]
        Resource = [bucket]
      },
      {
        # Its lock too, a file beside it that is deleted again.
        Sid      = "OwnState"
        Effect   = "Allow"
        Action   = ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"]
        Resource = ["${bucket}/inbound-auth/${var.environment}/*"]
      },
    ]
  ])
}
