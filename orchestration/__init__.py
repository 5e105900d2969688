"""From a manifest to a finished study: manifest -> plan -> engine -> store. Never imports a framework."""
