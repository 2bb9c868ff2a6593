# Whoever may write a role's policies may do whatever the role may. So roles are made inside the boundary, kept inside it,
# and handed to one service.

locals {
  access_statements = [
    {
      Sid       = "RolesInsideTheBoundary"
      Effect    = "Allow"
      Action    = ["iam:CreateRole", "iam:PutRolePermissionsBoundary", "iam:PutRolePolicy"]
      Resource  = ["${local.roles_arn}-*"]
      Condition = { ArnEquals = { "iam:PermissionsBoundary" = var.permissions_boundary_arn } }
    },
    {
      Sid      = "OwnPoliciesOnThem"
      Effect   = "Allow"
      Action   = ["iam:AttachRolePolicy"]
      Resource = ["${local.roles_arn}-*"]
      Condition = {
        ArnEquals = { "iam:PermissionsBoundary" = var.permissions_boundary_arn }
        ArnLike   = { "iam:PolicyARN" = local.policies_arn }
      }
    },
    {
      Sid    = "Roles"
      Effect = "Allow"
      Action = [
        "iam:DeleteRole",
        "iam:DeleteRolePolicy",
        "iam:DetachRolePolicy",
        "iam:GetRole",
        "iam:GetRolePolicy",
        "iam:ListAttachedRolePolicies",
        "iam:ListInstanceProfilesForRole",
        "iam:ListRolePolicies",
        "iam:TagRole",
        "iam:UntagRole",
        "iam:UpdateAssumeRolePolicy",
        "iam:UpdateRole",
        "iam:UpdateRoleDescription",
      ]
      Resource = ["${local.roles_arn}-*"]
    },
    {
      Sid    = "Policies"
      Effect = "Allow"
      Action = [
        "iam:CreatePolicy",
        "iam:CreatePolicyVersion",
        "iam:DeletePolicy",
        "iam:DeletePolicyVersion",
        "iam:GetPolicy",
        "iam:GetPolicyVersion",
        "iam:ListPolicyVersions",
        "iam:TagPolicy",
        "iam:UntagPolicy",
      ]
      Resource = [local.policies_arn]
    },
    {
      Sid       = "HandTheExecutionRoleToTheRuntime"
      Effect    = "Allow"
      Action    = ["iam:PassRole"]
      Resource  = [coalesce(var.execution_role_arn, "${local.roles_arn}-runtime")]
      Condition = { StringEquals = { "iam:PassedToService" = "bedrock-agentcore.amazonaws.com" } }
    },
    {
      # Made once in an account by the first runtime (AgentCore devguide: runtime-oauth).
      Sid       = "RuntimeIdentityRole"
      Effect    = "Allow"
      Action    = ["iam:CreateServiceLinkedRole"]
      Resource  = ["arn:${var.partition}:iam::${var.account_id}:role/aws-service-role/runtime-identity.bedrock-agentcore.amazonaws.com/*"]
      Condition = { StringEquals = { "iam:AWSServiceName" = "runtime-identity.bedrock-agentcore.amazonaws.com" } }
    },
  ]
}
