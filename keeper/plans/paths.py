from keeper.plans.rehearse import Action
def plan_paths(header, steps, ids): raise NotImplementedError
