# IMAGE_TAG comes with each build. A tag that is there already is refused by the repository: its tags are immutable.
locals {
  buildspec = yamlencode({
    version = "0.2"
    phases = {
      pre_build = {
        commands = [
          "test -n \"$IMAGE_TAG\"",
          "aws ecr get-login-password | docker login --username AWS --password-stdin \"$${IMAGE_REPOSITORY%%/*}\"",
        ]
      }
      build = {
        commands = ["docker build --platform linux/arm64 --tag \"$IMAGE_REPOSITORY:$IMAGE_TAG\" ."]
      }
      post_build = {
        # CodeBuild goes on to this phase after a build that failed.
        commands = ["test \"$CODEBUILD_BUILD_SUCCEEDING\" = 1", "docker push \"$IMAGE_REPOSITORY:$IMAGE_TAG\""]
      }
    }
  })
}
