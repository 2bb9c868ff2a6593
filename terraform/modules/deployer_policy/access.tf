# Whoever may write a role's policies may do whatever the role may. So roles are made inside the boundary, kept inside it,
# and handed to one service. What others hold, the invoker policy above all, is made and deleted but never rewritten: those others
# are outside of the boundary, and IAM deletes no policy that somebody holds.

locals {
  access_statements = [
    {
      Sid       = "RolesInsideTheBoundary"
      Effect    = "Allow"
      Action    = ["iam:CreateRole", "iam:PutRolePermissionsBoundary", "iam:PutRolePolicy"]
      Resource  = local.role_arns
      Condition = { ArnEquals = { "iam:PermissionsBoundary" = var.permissions_boundary_arn } }
    },
    {
      Sid      = "OwnPoliciesOnThem"
      Effect   = "Allow"
      Action   = ["iam:AttachRolePolicy"]
      Resource = local.role_arns
      Condition = {
        ArnEquals = { "iam:PermissionsBoundary" = var.permissions_boundary_arn }
        ArnLike   = { "iam:PolicyARN" = local.policy_arns }
      }
    },
    {
      Sid       = "HandTheExecutionRoleToTheRuntime"
      Effect    = "Allow"
      Action    = ["iam:PassRole"]
      Resource  = [coalesce(var.execution_role_arn, local.role_arns[0])]
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
  role_statements = [
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
        "iam:ListRoleTags",
        "iam:TagRole",
        "iam:UntagRole",
        "iam:UpdateAssumeRolePolicy",
        "iam:UpdateRole",
        "iam:UpdateRoleDescription",
      ]
      Resource = local.role_arns
    },
  ]
  policy_statements = [
    {
      Sid    = "Policies"
      Effect = "Allow"
      Action = [
        "iam:CreatePolicy",
        "iam:DeletePolicy",
        "iam:DeletePolicyVersion",
        "iam:GetPolicy",
        "iam:GetPolicyVersion",
        "iam:ListPolicyTags",
        "iam:ListPolicyVersions",
        "iam:TagPolicy",
        "iam:UntagPolicy",
      ]
      Resource = local.policy_arns
    },
  ]
}
